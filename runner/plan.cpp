// SPDX-License-Identifier: Apache-2.0
#include "runner/plan.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <set>
#include <unordered_set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "runner/select.hpp"
#include "runner/shard.hpp"

namespace rtfx::runner {
namespace {

std::string join_labels(const LabelSet& labels) {
  return fmt::format("{}", fmt::join(labels, " or "));
}

/// Why the labels keep this case from running; the groups are asked from the outside in, as rtf
/// does.
std::string label_reason(const Case& test, const Labels& present) {
  std::vector<const Group*> groups;
  for (const Group* group = test.group; group; group = group->parent)
    groups.insert(groups.begin(), group);
  const auto explain = [&](const Labels& labels, const std::string& who) -> std::string {
    if (labels_match(labels, present)) return "";
    for (const auto& label : labels.unwanted) {
      if (present.wanted.contains(label))
        return fmt::format("{} does not run with the label {}", who, label);
    }
    for (const auto& label : labels.wanted) {
      if (present.unwanted.contains(label)) return fmt::format("!{} leaves out {}", label, who);
    }
    return fmt::format("{} needs the label {}", who, join_labels(labels.wanted));
  };
  for (const Group* group : groups) {
    if (auto reason = explain(group->labels, "the group " + group->name); !reason.empty())
      return reason;
  }
  return explain(test.labels, "it");
}

std::string skip_reason(const Case& test, const Labels& present, const Arch& arch,
                        const ArchTable& arches) {
  switch (select(test, present, arch, arches)) {
    case Selection::selected:
      return "";
    case Selection::other_arch:
      return fmt::format("not for {}: {}", arch.name, label_reason(test, present));
    case Selection::labels:
      return label_reason(test, present);
  }
  return "";
}

/// What the names of script files are relative to.
std::string root_of(const Group& tree, const RunOptions& options) {
  const std::string cases = tree.directory.string(), root = options.source_root.string();
  return !root.empty() && (cases == root || cases.starts_with(root + "/")) ? root : cases;
}

class Planner {
 public:
  Planner(const Group& tree, const RunOptions& options, const ArchTable& arches)
      : tree_(tree),
        options_(options),
        arches_(arches),
        selector_(tree, options.patterns, options.expression, options.rtf_prefix, arches),
        root_length_(root_of(tree, options).size() + 1) {
    for (const auto& unit : options.prior) done_before_.insert(unit.unit);
  }

  Plan make() {
    const std::vector<const Case*> cases = all_cases(tree_);
    plan_.units.reserve(cases.size() * options_.arches.size());
    for (const Arch& arch : options_.arches) add_units(cases, arch);
    if (!selected_) throw Error(selector_.why_nothing(), ExitCode::nothing_to_run);
    refuse_equal_names();
    for (std::size_t i = 0; i < plan_.units.size(); ++i)
      plan_.units[i].planned.order = static_cast<int>(i);
    if (options_.only) {
      std::erase_if(plan_.units, [this](const CaseUnit& unit) {
        return !options_.only->contains(unit.planned.unit);
      });
    } else if (options_.shard.count > 1) {
      keep_shard();
    }
    look_up_all();
    return std::move(plan_);
  }

 private:
  void add_units(const std::vector<const Case*>& cases, const Arch& arch) {
    const Labels present = present_labels(options_.labels, arch, arches_);
    for (const Case* test : cases) {
      std::optional<std::string> reason;
      for (std::string& name : unit_names(*test, present)) {
        if (!selector_.selects(*test, name, arch)) continue;
        selected_ = true;
        if (!reason) reason = skip_reason(*test, present, arch, arches_);
        results::UnitId unit{"case", std::move(name), arch.name};
        if (!done_before_.contains(unit)) add_unit(std::move(unit), *test, arch, *reason);
      }
    }
  }

  void add_unit(results::UnitId id, const Case& test, const Arch& arch, const std::string& reason) {
    CaseUnit& unit = plan_.units.emplace_back();
    unit.planned.unit = std::move(id);
    unit.planned.summary = test.headers.summary;
    unit.planned.issue = test.headers.issue;
    unit.planned.author = test.headers.author;
    unit.planned.labels = test.labels.list();
    unit.planned.file = test.script.substr(root_length_);
    unit.test = &test;
    unit.arch = &arch;
    unit.skip_reason = reason;
    const auto unprepared = options_.unprepared.find(arch.name);
    if (reason.empty() && unprepared != options_.unprepared.end())
      unit.error_reason = unprepared->second;
  }

  /// Shards divide the (case x arch) that would run; iterations of one case stay together. What is
  /// skipped belongs to the first, so that all shards together are the whole.
  void keep_shard() {
    const auto& duration = options_.shard_duration ? options_.shard_duration : options_.duration;
    std::vector<ShardItem> items;
    std::vector<std::size_t> item_of(plan_.units.size());
    const CaseUnit* last = nullptr;
    for (std::size_t i = 0; i < plan_.units.size(); ++i) {
      const CaseUnit& unit = plan_.units[i];
      if (!unit.skip_reason.empty()) continue;
      if (last == nullptr || last->test != unit.test || last->arch != unit.arch)
        items.push_back({unit.test->name, unit.arch->name});
      last = &unit;
      item_of[i] = items.size() - 1;
      const auto known = duration ? duration(unit.planned.unit) : std::nullopt;
      if (known) items.back().duration = items.back().duration.value_or(known->zero()) + *known;
    }
    const std::vector<int> shards = divide(items, options_.shard.count, options_.shard.by);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < plan_.units.size(); ++i) {
      const int shard = plan_.units[i].skip_reason.empty() ? shards[item_of[i]] : 1;
      if (shard != options_.shard.index) continue;
      if (kept != i) plan_.units[kept] = std::move(plan_.units[i]);
      ++kept;
    }
    plan_.units.erase(plan_.units.begin() + static_cast<std::ptrdiff_t>(kept), plan_.units.end());
  }

  void refuse_equal_names() const {
    std::unordered_set<std::string> names;
    for (const CaseUnit& unit : plan_.units) {
      const results::UnitId& id = unit.planned.unit;
      if (names.insert(id.name + '\0' + id.arch).second) continue;
      throw Error(
          fmt::format(
              "{}: two things to run would be called {}: rename the directory, or drop REPEAT",
              text::one_line(unit.test->script), id.name),
          ExitCode::usage);
    }
  }

  void look_up_all() {
    if (!options_.key) return;
    const CaseUnit* last = nullptr;  // iterations have one key
    for (CaseUnit& unit : plan_.units) {
      if (!unit.needs_run()) continue;
      const bool same = last && last->test == unit.test && last->arch == unit.arch;
      unit.key = same ? last->key : options_.key(*unit.test, *unit.arch);
      last = &unit;
      if (unit.key.empty() || !options_.known) continue;
      unit.reused = options_.known(unit.planned.unit, unit.key);
      if (unit.reused && unit.reused->result != results::Result::pass) unit.reused.reset();
    }
  }

  const Group& tree_;
  const RunOptions& options_;
  const ArchTable& arches_;
  Selector selector_;
  std::size_t root_length_;
  std::set<results::UnitId> done_before_;
  bool selected_ = false;
  Plan plan_;
};

}  // namespace

bool Plan::selects_anything() const {
  return std::any_of(units.begin(), units.end(),
                     [](const CaseUnit& unit) { return unit.skip_reason.empty(); });
}

Plan make_plan(const Group& tree, const RunOptions& options, const ArchTable& arches) {
  return Planner(tree, options, arches).make();
}

}  // namespace rtfx::runner
