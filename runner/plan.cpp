// SPDX-License-Identifier: Apache-2.0
#include "runner/plan.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "runner/select.hpp"

namespace rtfx::runner {
namespace {

std::string join_labels(const std::set<std::string>& labels) {
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

class Planner {
 public:
  Planner(const Group& tree, const RunOptions& options, const ArchTable& arches)
      : tree_(tree),
        options_(options),
        arches_(arches),
        cases_(find_cases(tree, options.patterns)) {
    for (const auto& unit : options.prior) done_before_.insert(unit.unit);
  }

  Plan make() {
    for (const Arch& arch : options_.arches) add_units(arch);
    if (options_.shard.count > 1) keep_shard();
    refuse_equal_names();
    for (CaseUnit& unit : plan_.units) look_up(unit);
    return std::move(plan_);
  }

 private:
  void add_units(const Arch& arch) {
    const Labels present = present_labels(options_.labels, arch, arches_);
    for (const Case* test : cases_) {
      const std::string reason = skip_reason(*test, present, arch, arches_);
      for (const std::string& name : unit_names(*test, present)) {
        if (done_before_.contains({"case", name, arch.name})) continue;
        plan_.units.push_back({{{"case", name, arch.name},
                                test->headers.summary,
                                test->headers.issue,
                                test->headers.author,
                                {},
                                test->script.lexically_relative(tree_.directory).string()},
                               test,
                               &arch,
                               reason,
                               "",
                               std::nullopt});
        auto& labels = plan_.units.back().planned.labels;
        for (const auto& label : test->labels.unwanted) labels.push_back("!" + label);
        labels.insert(labels.end(), test->labels.wanted.begin(), test->labels.wanted.end());
      }
    }
  }

  /// Shards divide the (case x arch) that would run; iterations of one case stay together and what
  /// is skipped is in none.
  void keep_shard() {
    std::vector<CaseUnit> runnable;
    std::vector<std::size_t> starts;
    for (CaseUnit& unit : plan_.units) {
      if (!unit.skip_reason.empty()) continue;
      if (runnable.empty() || runnable.back().test != unit.test ||
          runnable.back().arch != unit.arch)
        starts.push_back(runnable.size());
      runnable.push_back(std::move(unit));
    }
    starts.push_back(runnable.size());
    const ShardRange range =
        shard_range(starts.size() - 1, options_.shard.index, options_.shard.count);
    const auto at = [&](std::size_t i) {
      return std::make_move_iterator(runnable.begin() + static_cast<std::ptrdiff_t>(starts[i]));
    };
    plan_.units.assign(at(range.start), at(range.start + range.count));
  }

  void refuse_equal_names() const {
    std::set<results::UnitId> names;
    for (const CaseUnit& unit : plan_.units) {
      if (names.insert(unit.planned.unit).second) continue;
      throw Error(
          fmt::format(
              "{}: two things to run would be called {}: rename the directory, or drop REPEAT",
              unit.test->script.string(), unit.planned.unit.name),
          ExitCode::usage);
    }
  }

  void look_up(CaseUnit& unit) const {
    if (!options_.key || !unit.skip_reason.empty()) return;
    unit.key = options_.key(*unit.test, *unit.arch);
    if (unit.key.empty() || !options_.known) return;
    unit.reused = options_.known(unit.planned.unit, unit.key);
    if (unit.reused && unit.reused->result != results::Result::pass) unit.reused.reset();
  }

  const Group& tree_;
  const RunOptions& options_;
  const ArchTable& arches_;
  std::vector<const Case*> cases_;
  std::set<results::UnitId> done_before_;
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
