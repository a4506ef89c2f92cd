// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/arch.hpp"
#include "runner/expression.hpp"
#include "runner/pattern.hpp"
#include "runner/tree.hpp"

namespace rtfx::runner {

/// Why a case that the pattern names does or does not run for an arch.
enum class Selection {
  selected,
  other_arch,  ///< its arch labels leave this arch out
  labels,      ///< some other label of it is not given, or is excluded
};

/// Labels that the host (system labels: os, distribution, version, as rtf has them) and the user
/// (-l) give for a target arch; the arch labels of the target stand instead of the host's.
Labels present_labels(const std::string& user_labels, const Arch& target, const ArchTable& arches);

Selection select(const Case& test, const Labels& present, const Arch& target,
                 const ArchTable& arches);

/// Whether the labels of the group itself (not of its parents) let its cases run.
bool group_runs(const Group& group, const Labels& present);

/// What patterns and an expression select, made ready for many cases. A unit is selected when
/// - one of the patterns names it, or there are none but "!pattern"s, and
/// - no "!pattern" names it, and
/// - the expression, if there is one, is true for it.
class Selector {
 public:
  /// The tree must outlive it. Throws Error: ExitCode::nothing_to_run, with the nearest names, for a
  /// pattern (also a "!pattern") that no case has, and for a tree without cases; see Expression for
  /// what is wrong there.
  Selector(const Group& tree, const std::vector<std::string>& patterns,
           const std::string& expression = "", bool rtf_prefix = false,
           const ArchTable& arches = ArchTable::builtin());

  /// `unit` is one of unit_names().
  bool selects(const Case& test, std::string_view unit, const Arch& arch) const;
  /// The same for the patterns alone.
  bool named(const Case& test, std::string_view unit) const;
  /// Some unit that the case can have is named by the patterns.
  bool named(const Case& test) const;
  /// Nothing is asked for, so everything is selected.
  bool everything() const { return patterns_.none() && except_.none() && !expression_; }
  /// There are only names and the start of names: what rtf knows.
  bool only_prefixes() const { return only_prefixes_ && except_.none() && !expression_; }
  /// Whether one of the names and starts of names leads into the group of this name, as rtf asks.
  bool reaches_into(const std::string& group) const;
  /// Why it selects nothing although each part selects something: one line.
  std::string why_nothing() const;

 private:
  /// Several patterns; full names are looked up, as there can be as many as cases.
  class AnyOf {
   public:
    void add(Pattern pattern);
    bool none() const { return full_names_.empty() && others_.empty(); }
    bool matches(const Case& test, std::string_view unit) const;
    bool reaches_into(const std::string& group) const;

   private:
    bool has_full_name_of(const Case& test) const;
    std::vector<Pattern> full_names_, others_;
    std::unordered_set<std::string> names_;
  };

  void add(const std::string& text, const NameIndex& names, bool rtf_prefix,
           const std::vector<const Case*>& cases, std::vector<std::string>& problems);

  AnyOf patterns_, except_;
  bool only_prefixes_ = true;
  std::optional<Expression> expression_;
};

/// Whether the pattern names the case or the iteration that is called `name`.
bool pattern_matches(const std::string& pattern, const std::string& name, const Group& tree);

/// The cases that any of the patterns names, in the order of the tree. Throws as Selector does.
std::vector<const Case*> find_cases(const Group& tree, const std::vector<std::string>& patterns);
std::vector<const Case*> find_cases(const Group& tree, const std::string& pattern);

/// Every label that a case or group has, asks not to have or repeats for; sorted.
std::vector<std::string> case_labels(const Group& tree);

/// Names of the units of a case: its own, or NAME.1, NAME.2 … when REPEAT asks for it (`present`
/// decides about LABEL:NUMBER).
std::vector<std::string> unit_names(const Case& test, const Labels& present);

/// The labels that the user gave and no case, group, system or arch has.
std::vector<std::string> unknown_labels(const Group& tree, const std::string& user_labels,
                                        const ArchTable& arches = ArchTable::builtin());

/// Throws Error (ExitCode::nothing_to_run) for an unknown label that is a known one mistyped,
/// naming that one. Other unknown labels are allowed: scripts may ask for them with rt_label_set.
void check_labels(const Group& tree, const std::string& user_labels,
                  const ArchTable& arches = ArchTable::builtin());

}  // namespace rtfx::runner
