// SPDX-License-Identifier: Apache-2.0
#include "runner/steps.hpp"

#include <unordered_map>
#include <unordered_set>

namespace rtfx::runner {
namespace {

/// The steps of one arch.
class Builder {
 public:
  Builder(const Plan& plan, const Arch& arch, std::vector<Step>& steps)
      : arch_(arch), steps_(steps) {
    for (std::size_t i = 0; i < plan.units.size(); ++i) {
      const CaseUnit& unit = plan.units[i];
      if (unit.arch != &arch || !unit.needs_run()) continue;
      units_[unit.test].push_back(i);
      for (const Group* group = unit.test->group; group; group = group->parent) {
        if (!groups_.insert(group).second) break;
      }
    }
  }

  /// Adds the steps below `group` and appends their numbers to `produced`.
  void walk(const Group& group, std::optional<std::size_t> init,
            std::vector<std::size_t>& produced) {
    if (!groups_.contains(&group)) return;
    if (!group.script) return children(group, init, produced);
    std::vector<std::size_t> own;
    const std::size_t begin = add({Step::Kind::init, 0, &group, &arch_, after(init), init});
    own.push_back(begin);
    children(group, begin, own);
    produced.insert(produced.end(), own.begin(), own.end());
    produced.push_back(add({Step::Kind::deinit, 0, &group, &arch_, std::move(own), begin}));
  }

 private:
  void children(const Group& group, std::optional<std::size_t> init,
                std::vector<std::size_t>& produced) {
    for (const auto& child : group.children) {
      if (child.test) add_case(*child.test, init, produced);
      if (child.group) walk(*child.group, init, produced);
    }
  }

  /// The iterations of a case run one after the other: they share its directory.
  void add_case(const Case& test, std::optional<std::size_t> init,
                std::vector<std::size_t>& produced) {
    const auto found = units_.find(&test);
    if (found == units_.end()) return;
    std::optional<std::size_t> previous = init;
    for (const std::size_t unit : found->second) {
      previous = add({Step::Kind::unit, unit, nullptr, &arch_, after(previous), init});
      produced.push_back(*previous);
    }
  }

  static std::vector<std::size_t> after(std::optional<std::size_t> step) {
    return step ? std::vector<std::size_t>{*step} : std::vector<std::size_t>{};
  }

  std::size_t add(Step step) {
    steps_.push_back(std::move(step));
    return steps_.size() - 1;
  }

  const Arch& arch_;
  std::vector<Step>& steps_;
  std::unordered_map<const Case*, std::vector<std::size_t>> units_;
  std::unordered_set<const Group*> groups_;  ///< those with something to run below them
};

}  // namespace

std::vector<Step> make_steps(const Group& tree, const Plan& plan, const std::vector<Arch>& arches) {
  std::vector<Step> steps;
  for (const Arch& arch : arches) {
    std::vector<std::size_t> all;
    Builder(plan, arch, steps).walk(tree, std::nullopt, all);
  }
  return steps;
}

std::vector<Task> make_tasks(const std::vector<Step>& steps, const Plan& plan,
                             const RunOptions& options) {
  std::vector<Task> tasks;
  tasks.reserve(steps.size());
  for (const Step& step : steps) {
    Task task{step.after, {}, std::nullopt};
    if (options.duration) task.expected = options.duration(unit_of(step, plan));
    if (step.kind == Step::Kind::unit) {
      const Headers& headers = plan.units[step.unit].test->headers;
      task.demand = {headers.cpus, headers.memory, headers.exclusive};
    } else if (options.duration && !task.expected) {
      task.expected = std::chrono::nanoseconds(0);  // a group's script says nothing about cases
    }
    tasks.push_back(std::move(task));
  }
  return tasks;
}

results::UnitId unit_of(const Step& step, const Plan& plan) {
  const auto of_group = [&](const char* script) -> results::UnitId {
    const std::string name = step.group->name.empty() ? "(top)" : step.group->name;
    return {"group", name + script, step.arch->name};
  };
  switch (step.kind) {
    case Step::Kind::init:
      return of_group("::init");
    case Step::Kind::deinit:
      return of_group("::deinit");
    case Step::Kind::unit:
      return plan.units[step.unit].planned.unit;
  }
  return {};
}

}  // namespace rtfx::runner
