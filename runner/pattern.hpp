// SPDX-License-Identifier: Apache-2.0
//
// Patterns name cases. The full name of a case or a group means exactly that; the name of an
// iteration ("a.b.2" of a REPEATed "a.b") means that unit; with '*', '?' or '[' it is a glob for
// whole names; anything else is the start of names, as in rtf.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runner/tree.hpp"

namespace rtfx::runner {

/// The names of a tree, made ready for look-ups; the tree must outlive it.
class NameIndex {
 public:
  explicit NameIndex(const Group& tree);

  /// Of a case or of a group that has cases.
  bool contains(std::string_view full_name) const { return names_.contains(full_name); }
  bool is_group(std::string_view full_name) const;
  /// nullptr when no case has the name.
  const Case* find_case(std::string_view full_name) const;
  /// `; did you mean "x"?` for the name that was probably meant, or else the names to choose from
  /// where the pattern leaves the tree.
  std::string hint(std::string_view pattern) const;

 private:
  struct Named {
    const Case* test = nullptr;
    const Group* group = nullptr;  ///< the first of that name
  };
  std::size_t add(const Group& group);
  std::vector<std::string> names_below(std::string_view known) const;

  std::unordered_map<std::string_view, Named> names_;
};

class Pattern {
 public:
  /// `prefix_only`: the start of names and nothing else, as rtf reads every pattern.
  Pattern(std::string text, const NameIndex& names, bool prefix_only = false);

  const std::string& text() const { return text_; }
  bool is_full_name() const { return kind_ == Kind::full_name; }
  bool is_glob() const { return kind_ == Kind::glob; }
  /// Whether it names this unit of the case; `unit` is the name of the case or of an iteration.
  bool matches(const Case& test, std::string_view unit) const;
  /// Whether it names any unit that the case can have.
  bool matches(const Case& test) const;
  /// Whether the name of something below the group may match, as far as the names tell; not for
  /// globs, which may match anywhere.
  bool reaches_into(const std::string& group) const;

 private:
  enum class Kind { full_name, iteration, glob, prefix };
  Kind kind_of(const NameIndex& names, bool prefix_only) const;
  bool takes_case(const Case& test) const;

  std::string text_;
  Kind kind_;
  const Case* iterated_ = nullptr;
};

/// Shell globs: '*' is any text, also with dots in it; '?' one character (of UTF-8); [a-z] one of
/// these bytes, [!a-z] none of them; '\' takes the next character as it is; a '[' without ']' stands
/// for itself.
bool glob_matches(std::string_view glob, std::string_view text);

}  // namespace rtfx::runner
