// SPDX-License-Identifier: Apache-2.0
#include "runner/pattern.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.hpp"

namespace rtfx::runner {
namespace {

bool in_group(const Case& test, std::string_view name) {
  for (const Group* group = test.group; group; group = group->parent) {
    if (group->name == name) return true;
  }
  return false;
}

/// The most often that the case can be run.
int most_iterations(const Headers& headers) {
  int most = headers.repeated ? headers.repeat : 0;
  for (const auto& [label, count] : headers.repeat_labels) most = std::max(most, count);
  return most;
}

/// The case of "a.b.2", when it can have that iteration.
const Case* iterated_case(std::string_view name, const NameIndex& names) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == name.size() || name[dot + 1] == '0')
    return nullptr;
  int number = 0;
  const auto [end, failed] =
      std::from_chars(name.data() + dot + 1, name.data() + name.size(), number);
  if (failed != std::errc{} || end != name.data() + name.size()) return nullptr;
  const Case* test = names.find_case(name.substr(0, dot));
  return test && number >= 1 && number <= most_iterations(test->headers) ? test : nullptr;
}

std::size_t character_length(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    ++length;
  return length;
}

/// A bracket expression at the start of `glob`: its length, and whether it takes `c`. nullopt when
/// it is not closed.
struct Bracket {
  std::size_t length;
  bool takes;
};
std::optional<Bracket> bracket(std::string_view glob, char c) {
  std::size_t at = 1;
  const bool negative = at < glob.size() && (glob[at] == '!' || glob[at] == '^');
  if (negative) ++at;
  bool found = false;
  for (const std::size_t first = at; at < glob.size(); ++at) {
    if (glob[at] == ']' && at != first) return Bracket{at + 1, found != negative};
    const auto low = static_cast<unsigned char>(glob[at]);
    auto high = low;
    if (at + 2 < glob.size() && glob[at + 1] == '-' && glob[at + 2] != ']') {
      high = static_cast<unsigned char>(glob[at + 2]);
      at += 2;
    }
    const auto byte = static_cast<unsigned char>(c);
    found = found || (low <= byte && byte <= high);
  }
  return std::nullopt;
}

/// What the first element of the glob, which is not '*', takes of the text.
struct Step {
  std::size_t glob, text;
};
std::optional<Step> one_step(std::string_view glob, std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (glob.front() == '?') return Step{1, character_length(text)};
  if (glob.front() == '[') {
    if (const auto set = bracket(glob, text.front()))
      return set->takes ? std::optional(Step{set->length, 1}) : std::nullopt;
  }
  const std::size_t escape = glob.front() == '\\' && glob.size() > 1 ? 1 : 0;
  if (glob[escape] != text.front()) return std::nullopt;
  return Step{escape + 1, 1};
}

}  // namespace

/// Only the last '*' needs to be gone back to: what an earlier one takes more, a later one can take
/// too. So the time is at most the product of the lengths.
bool glob_matches(std::string_view glob, std::string_view text) {
  std::optional<std::string_view> after_star;
  std::string_view star_text;
  for (;;) {
    if (!glob.empty() && glob.front() == '*') {
      glob.remove_prefix(1);
      after_star = glob;
      star_text = text;
      continue;
    }
    if (glob.empty() && text.empty()) return true;
    const auto step = glob.empty() ? std::nullopt : one_step(glob, text);
    if (step) {
      glob.remove_prefix(step->glob);
      text.remove_prefix(step->text);
      continue;
    }
    if (!after_star || star_text.empty()) return false;
    star_text.remove_prefix(1);
    glob = *after_star;
    text = star_text;
  }
}

NameIndex::NameIndex(const Group& tree) { add(tree); }

std::size_t NameIndex::add(const Group& group) {
  std::size_t cases = 0;
  for (const auto& child : group.children) {
    if (child.group) cases += add(*child.group);
    if (!child.test) continue;
    names_[child.test->name].test = child.test.get();
    ++cases;
  }
  if (cases == 0 || group.name.empty()) return cases;
  Named& named = names_[group.name];
  if (named.group == nullptr) named.group = &group;
  return cases;
}

bool NameIndex::is_group(std::string_view full_name) const {
  const auto found = names_.find(full_name);
  return found != names_.end() && found->second.group != nullptr;
}

const Case* NameIndex::find_case(std::string_view full_name) const {
  const auto found = names_.find(full_name);
  return found == names_.end() ? nullptr : found->second.test;
}

/// The names next below a known one, or at the top; sorted.
std::vector<std::string> NameIndex::names_below(std::string_view known) const {
  const std::size_t start = known.empty() ? 0 : known.size() + 1;
  std::vector<std::string> next;
  for (const auto& [name, named] : names_) {
    if (!known.empty() &&
        !(name.size() > start && name.starts_with(known) && name[start - 1] == '.'))
      continue;
    // Names of directories may have dots: what lies between is a name when the tree has it.
    std::string_view shortest = name;
    for (auto dot = name.find('.', start); dot != std::string_view::npos;
         dot = name.find('.', dot + 1)) {
      if (!contains(name.substr(0, dot))) continue;
      shortest = name.substr(0, dot);
      break;
    }
    next.emplace_back(shortest);
  }
  std::sort(next.begin(), next.end());
  next.erase(std::unique(next.begin(), next.end()), next.end());
  return next;
}

/// The words are followed as far as they lead; what comes next is looked for among what is there.
/// Whole names would not do: they share so much that any is near any other.
std::string NameIndex::hint(std::string_view pattern) const {
  const auto meant = [](const std::string& name) { return "; did you mean \"" + name + "\"?"; };
  std::string_view known = pattern;
  while (!known.empty() && !contains(known)) {
    const auto dot = known.rfind('.');
    known = known.substr(0, dot == std::string_view::npos ? 0 : dot);
  }
  const std::size_t start = known.empty() ? 0 : known.size() + 1;
  const std::string_view left = pattern.substr(std::min(start, pattern.size()));
  const std::string_view wrong = left.substr(0, left.find('.'));
  const std::vector<std::string> next = names_below(known);
  std::vector<std::string> words;
  for (const std::string& name : next) words.push_back(name.substr(start));
  if (const std::string near = text::nearest(wrong, words); !near.empty()) {
    const std::string mended = std::string(pattern.substr(0, start)) + near;
    const std::string whole = mended + std::string(left.substr(wrong.size()));
    return meant(contains(whole) ? whole : mended);
  }
  std::vector<std::string> elsewhere;  // names that end so: a user of short names forgot the start
  for (const auto& [name, named] : names_) {
    if (!left.empty() && name.size() > left.size() && name.ends_with(left) &&
        name[name.size() - left.size() - 1] == '.')
      elsewhere.emplace_back(name);
  }
  if (!elsewhere.empty()) return meant(*std::min_element(elsewhere.begin(), elsewhere.end()));
  constexpr std::size_t most = 6;
  const std::vector<std::string> shown(
      next.begin(), next.begin() + static_cast<std::ptrdiff_t>(std::min(most, next.size())));
  if (shown.empty()) return "";
  return "; there is " + text::join(shown, ", ") + (next.size() > most ? ", ..." : "");
}

Pattern::Pattern(std::string text, const NameIndex& names, bool prefix_only)
    : text_(std::move(text)), kind_(kind_of(names, prefix_only)) {
  if (kind_ == Kind::iteration) iterated_ = iterated_case(text_, names);
}

Pattern::Kind Pattern::kind_of(const NameIndex& names, bool prefix_only) const {
  if (prefix_only) return Kind::prefix;
  if (names.contains(text_)) return Kind::full_name;
  if (text_.find_first_of("*?[") != std::string::npos) return Kind::glob;
  return iterated_case(text_, names) ? Kind::iteration : Kind::prefix;
}

bool Pattern::matches(const Case& test, std::string_view unit) const {
  if (kind_ == Kind::iteration) return unit == text_;
  return takes_case(test) || (kind_ == Kind::glob && glob_matches(text_, unit));
}

bool Pattern::matches(const Case& test) const {
  if (takes_case(test)) return true;
  if (kind_ != Kind::glob) return false;
  for (int i = 1, most = most_iterations(test.headers); i <= most; ++i) {
    if (glob_matches(text_, test.name + "." + std::to_string(i))) return true;
  }
  return false;
}

bool Pattern::takes_case(const Case& test) const {
  switch (kind_) {
    case Kind::full_name:
      return test.name == text_ || in_group(test, text_);
    case Kind::iteration:
      return iterated_ == &test;
    case Kind::prefix:
      return test.name.starts_with(text_);
    case Kind::glob:
      break;
  }
  if (glob_matches(text_, test.name)) return true;
  for (const Group* group = test.group; group; group = group->parent) {
    if (!group->name.empty() && glob_matches(text_, group->name)) return true;
  }
  return false;
}

bool Pattern::reaches_into(const std::string& group) const {
  const auto within = [this](std::string_view outer, std::string_view name) {
    if (!name.starts_with(outer)) return false;
    return kind_ == Kind::prefix || outer.empty() || name.size() == outer.size() ||
           name[outer.size()] == '.';
  };
  return kind_ == Kind::glob || within(text_, group) || within(group, text_);
}

}  // namespace rtfx::runner
