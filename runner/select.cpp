// SPDX-License-Identifier: Apache-2.0
#include "runner/select.hpp"

#include <fmt/format.h>
#include <algorithm>

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

/// Names of all cases and groups, the nearest parents first.
void collect_names(const Group& group, std::vector<std::string>& names) {
  if (!group.name.empty()) names.push_back(group.name);
  for (const auto& child : group.children) {
    if (child.test) names.push_back(child.test->name);
    if (child.group) collect_names(*child.group, names);
  }
}

bool is_full_name(const std::string& pattern, const Group& group) {
  if (group.name == pattern) return true;
  for (const auto& child : group.children) {
    if (child.test && child.test->name == pattern) return true;
    if (child.group && is_full_name(pattern, *child.group)) return true;
  }
  return false;
}

/// Whether `name` is `outer` or, when `whole` words are asked for, lies in a group of that name;
/// else any prefix will do.
bool within(const std::string& outer, const std::string& name, bool whole) {
  if (!name.starts_with(outer)) return false;
  return !whole || outer.empty() || name.size() == outer.size() || name[outer.size()] == '.';
}

void collect_labels(const Headers& headers, std::set<std::string>& labels) {
  labels.insert(headers.labels.wanted.begin(), headers.labels.wanted.end());
  labels.insert(headers.labels.unwanted.begin(), headers.labels.unwanted.end());
  for (const auto& [label, count] : headers.repeat_labels) labels.insert(label);
}

void collect_labels(const Group& group, std::set<std::string>& labels) {
  collect_labels(group.headers, labels);
  for (const auto& child : group.children) {
    if (child.test) collect_labels(child.test->headers, labels);
    if (child.group) collect_labels(*child.group, labels);
  }
}

std::set<std::string> known_labels(const Group& tree, const ArchTable& arches) {
  std::set<std::string> known;
  collect_labels(tree, known);
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
  for (const auto& name : arches.names()) {
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
  return Pattern(pattern, tree).matches(name);
}

Pattern::Pattern(std::string text, const Group& tree)
    : text_(std::move(text)), exact_(!text_.empty() && is_full_name(text_, tree)) {}

bool Pattern::matches(const std::string& name) const { return within(text_, name, exact_); }

bool Pattern::reaches_into(const std::string& group) const {
  return within(text_, group, exact_) || within(group, text_, exact_);
}

std::vector<const Case*> find_cases(const Group& tree, const std::string& text) {
  std::vector<const Case*> cases = all_cases(tree);
  if (cases.empty())
    throw Error(fmt::format("no test cases in {}", tree.directory.string()),
                ExitCode::nothing_to_run);
  const Pattern pattern(text, tree);
  std::erase_if(cases, [&](const Case* test) { return !pattern.matches(test->name); });
  if (!cases.empty()) return cases;
  std::vector<std::string> names;
  collect_names(tree, names);
  throw Error(
      fmt::format("no case matches the pattern \"{}\"{}", text, text::did_you_mean(text, names)),
      ExitCode::nothing_to_run);
}

std::vector<const Case*> find_cases(const Group& tree, const std::vector<std::string>& patterns) {
  if (patterns.size() < 2) return find_cases(tree, patterns.empty() ? "" : patterns.front());
  std::set<const Case*> named;
  for (const auto& pattern : patterns) {
    for (const Case* test : find_cases(tree, pattern)) named.insert(test);
  }
  std::vector<const Case*> cases = all_cases(tree);
  std::erase_if(cases, [&](const Case* test) { return !named.contains(test); });
  return cases;
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
  given.wanted.merge(given.unwanted);
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

ShardRange shard_range(std::size_t size, int index, int count) {
  const auto shards = static_cast<std::size_t>(count), before = static_cast<std::size_t>(index - 1);
  const std::size_t each = size / shards, rest = size % shards;
  return {before * each + std::min(before, rest), each + (before < rest ? 1 : 0)};
}

}  // namespace rtfx::runner
