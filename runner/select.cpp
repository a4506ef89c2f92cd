// SPDX-License-Identifier: Apache-2.0
#include "runner/select.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "runner/system.hpp"

namespace rtfx::runner {
namespace {

bool labels_select(const Case& test, const Labels& present) {
  if (!labels_match(test.labels, present)) return false;
  for (const Group* group = test.group; group; group = group->parent) {
    if (!group_runs(*group, present)) return false;
  }
  return true;
}

/// The names that units of the case can have.
std::vector<std::string> possible_units(const Case& test) {
  Labels all;
  for (const auto& [label, count] : test.headers.repeat_labels) all.wanted.insert(label);
  std::vector<std::string> names = unit_names(test, all);
  if (!test.headers.repeated && !test.headers.repeat_labels.empty()) names.push_back(test.name);
  return names;
}

/// Whether some label decides by arch.
bool mentions_arch(const Labels& labels, const std::vector<std::string>& arches) {
  return std::any_of(arches.begin(), arches.end(), [&](const std::string& arch) {
    return labels.wanted.contains(arch) || labels.unwanted.contains(arch);
  });
}

bool decides_by_arch(const Case& test, const std::vector<std::string>& arches) {
  if (mentions_arch(test.labels, arches)) return true;
  for (const Group* group = test.group; group; group = group->parent) {
    if (mentions_arch(group->labels, arches)) return true;
  }
  return false;
}

void collect_labels(const Headers& headers, std::unordered_set<std::string>& labels) {
  labels.insert(headers.labels.wanted.begin(), headers.labels.wanted.end());
  labels.insert(headers.labels.unwanted.begin(), headers.labels.unwanted.end());
  for (const auto& [label, count] : headers.repeat_labels) labels.insert(label);
}

void collect_labels(const Group& group, std::unordered_set<std::string>& labels) {
  collect_labels(group.headers, labels);
  for (const auto& child : group.children) {
    if (child.test) collect_labels(child.test->headers, labels);
    if (child.group) collect_labels(*child.group, labels);
  }
}

std::set<std::string> known_labels(const Group& tree, const ArchTable& arches) {
  std::set<std::string> known;
  for (const auto& label : case_labels(tree)) known.insert(label);
  for (const auto& label : system_info().labels()) known.insert(label);
  for (const auto& name : arches.names()) known.insert(name);
  return known;
}

}  // namespace

Labels present_labels(const std::string& user_labels, const Arch& target, const ArchTable&) {
  Labels present;
  present.add(user_labels);
  for (const auto& label : system_info().labels()) present.wanted.insert(label);
  present.wanted.insert(target.name);
  return present;
}

Selection select(const Case& test, const Labels& present, const Arch& target,
                 const ArchTable& arches) {
  if (labels_select(test, present)) return Selection::selected;
  // Labels are the reason unless the case would run for another arch with everything else the same.
  const std::vector<std::string> names = arches.names();
  if (!decides_by_arch(test, names)) return Selection::labels;
  for (const auto& name : names) {
    Labels elsewhere = present;
    elsewhere.wanted.erase(target.name);
    elsewhere.wanted.insert(name);
    if (labels_select(test, elsewhere)) return Selection::other_arch;
  }
  return Selection::labels;
}

bool group_runs(const Group& group, const Labels& present) {
  return labels_match(group.labels, present);
}

bool pattern_matches(const std::string& pattern, const std::string& name, const Group& tree) {
  const bool glob = pattern.find_first_of("*?[") != std::string::npos;
  if (!glob && !name.starts_with(pattern)) return false;
  const NameIndex names(tree);
  const Case* test = names.find_case(name);
  if (test == nullptr) test = names.find_case(name.substr(0, name.rfind('.')));  // of an iteration
  return test != nullptr && Pattern(pattern, names).matches(*test, name);
}

void Selector::AnyOf::add(Pattern pattern) {
  if (pattern.is_full_name()) {
    names_.insert(pattern.text());
    full_names_.push_back(std::move(pattern));
  } else {
    others_.push_back(std::move(pattern));
  }
}

bool Selector::AnyOf::has_full_name_of(const Case& test) const {
  if (names_.empty()) return false;
  if (names_.contains(test.name)) return true;
  for (const Group* group = test.group; group; group = group->parent) {
    if (names_.contains(group->name)) return true;
  }
  return false;
}

bool Selector::AnyOf::matches(const Case& test, std::string_view unit) const {
  return has_full_name_of(test) ||
         std::any_of(others_.begin(), others_.end(),
                     [&](const Pattern& pattern) { return pattern.matches(test, unit); });
}

bool Selector::AnyOf::reaches_into(const std::string& group) const {
  const auto reaches = [&](const Pattern& pattern) { return pattern.reaches_into(group); };
  return std::any_of(full_names_.begin(), full_names_.end(), reaches) ||
         std::any_of(others_.begin(), others_.end(), reaches);
}

Selector::Selector(const Group& tree, const std::vector<std::string>& patterns,
                   const std::string& expression, bool rtf_prefix, const ArchTable& arches) {
  const std::vector<const Case*> cases = all_cases(tree);
  if (cases.empty()) {
    throw Error(fmt::format("no test cases in {}", text::one_line(tree.directory.string())),
                ExitCode::nothing_to_run);
  }
  if (patterns.empty() && expression.empty()) return;
  const NameIndex names(tree);
  std::vector<std::string> problems;
  for (const std::string& pattern : patterns) add(pattern, names, rtf_prefix, cases, problems);
  if (!problems.empty()) throw Error(text::join(problems, "\n"), ExitCode::nothing_to_run);
  if (!expression.empty()) expression_.emplace(expression, tree, names, arches, rtf_prefix);
}

void Selector::add(const std::string& text, const NameIndex& names, bool rtf_prefix,
                   const std::vector<const Case*>& cases, std::vector<std::string>& problems) {
  const bool negative = text.starts_with('!');
  Pattern pattern(negative ? text.substr(1) : text, names, rtf_prefix);
  const auto matches = [&](const Case* test) { return pattern.matches(*test); };
  const bool useless = negative && pattern.text().empty();
  if (useless || (!pattern.is_full_name() && std::none_of(cases.begin(), cases.end(), matches))) {
    problems.push_back(fmt::format("no case matches the pattern \"{}\"{}", text::printable(text),
                                   useless ? "" : names.hint(pattern.text())));
    return;
  }
  only_prefixes_ = only_prefixes_ && !pattern.is_glob();
  (negative ? except_ : patterns_).add(std::move(pattern));
}

bool Selector::named(const Case& test, std::string_view unit) const {
  return (patterns_.none() || patterns_.matches(test, unit)) &&
         (except_.none() || !except_.matches(test, unit));
}

bool Selector::named(const Case& test) const {
  if (patterns_.none() && except_.none()) return true;
  const std::vector<std::string> units = possible_units(test);
  return std::any_of(units.begin(), units.end(),
                     [&](const std::string& unit) { return named(test, unit); });
}

bool Selector::selects(const Case& test, std::string_view unit, const Arch& arch) const {
  return named(test, unit) && (!expression_ || expression_->selects(test, unit, arch));
}

bool Selector::reaches_into(const std::string& group) const {
  return patterns_.none() || patterns_.reaches_into(group);
}

std::string Selector::why_nothing() const {
  const bool patterns = !patterns_.none() || !except_.none();
  if (expression_ && patterns) return "no case is selected by the patterns and the expression";
  if (expression_) return "no case is selected by the expression for the architectures of the run";
  return "the patterns leave no case: those with ! take away what the others name";
}

std::vector<const Case*> find_cases(const Group& tree, const std::vector<std::string>& patterns) {
  const Selector selector(tree, patterns);
  std::vector<const Case*> cases = all_cases(tree);
  std::erase_if(cases, [&](const Case* test) { return !selector.named(*test); });
  if (cases.empty()) throw Error(selector.why_nothing(), ExitCode::nothing_to_run);
  return cases;
}

std::vector<const Case*> find_cases(const Group& tree, const std::string& pattern) {
  return find_cases(tree, std::vector<std::string>{pattern});
}

std::vector<std::string> case_labels(const Group& tree) {
  std::unordered_set<std::string> labels;
  collect_labels(tree, labels);
  std::vector<std::string> sorted(labels.begin(), labels.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

std::vector<std::string> unit_names(const Case& test, const Labels& present) {
  int count = test.headers.repeat;
  bool repeated = test.headers.repeated;
  for (const auto& [label, number] : test.headers.repeat_labels) {
    if (number == 0 || !present.wanted.contains(label)) continue;
    count = repeated ? std::max(count, number) : number;
    repeated = true;
  }
  if (!repeated) return {test.name};
  std::vector<std::string> names;
  for (int i = 1; i <= count; ++i) names.push_back(fmt::format("{}.{}", test.name, i));
  return names;
}

std::vector<std::string> unknown_labels(const Group& tree, const std::string& user_labels,
                                        const ArchTable& arches) {
  const auto known = known_labels(tree, arches);
  Labels given;
  given.add(user_labels);
  given.wanted.insert(given.unwanted);
  std::vector<std::string> unknown;
  std::copy_if(given.wanted.begin(), given.wanted.end(), std::back_inserter(unknown),
               [&](const std::string& label) { return !known.contains(label); });
  return unknown;
}

void check_labels(const Group& tree, const std::string& user_labels, const ArchTable& arches) {
  const auto known = known_labels(tree, arches);
  const std::vector<std::string> candidates(known.begin(), known.end());
  std::vector<std::string> problems;
  for (const auto& label : unknown_labels(tree, user_labels, arches)) {
    const std::string hint = text::did_you_mean(label, candidates);
    if (!hint.empty())
      problems.push_back(fmt::format("no case has the label \"{}\"{}", label, hint));
  }
  if (!problems.empty()) throw Error(text::join(problems, "\n"), ExitCode::nothing_to_run);
}

}  // namespace rtfx::runner
