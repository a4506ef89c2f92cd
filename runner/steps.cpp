// SPDX-License-Identifier: Apache-2.0
#include "runner/steps.hpp"

#include <algorithm>
#include <map>

namespace rtfx::runner {
namespace {

class Builder {
 public:
  Builder(const Group& tree, const Plan& plan) : tree_(tree), plan_(plan) {}

  void add_steps(const Arch& arch) {
    std::vector<std::size_t> ignored;
    walk(tree_, arch, units_of(arch), std::nullopt, ignored);
  }

  using CaseUnits = std::map<const Case*, std::vector<std::size_t>>;

  /// What really has to be run for the arch, by case.
  CaseUnits units_of(const Arch& arch) const {
    CaseUnits found;
    for (std::size_t i = 0; i < plan_.units.size(); ++i) {
      const CaseUnit& unit = plan_.units[i];
      if (unit.arch == &arch && unit.skip_reason.empty() && !unit.reused)
        found[unit.test].push_back(i);
    }
    return found;
  }

  /// Adds the steps below `group` and appends their numbers to `produced`.
  void walk(const Group& group, const Arch& arch, const CaseUnits& units,
            std::optional<std::size_t> init, std::vector<std::size_t>& produced) {
    const auto cases = all_cases(group);
    if (std::none_of(cases.begin(), cases.end(),
                     [&](const Case* test) { return units.contains(test); }))
      return;
    std::vector<std::size_t> own;
    if (group.script)
      own.push_back(*(init = add({Step::Kind::init, 0, &group, &arch, after(init), init})));
    for (const auto& child : group.children) {
      if (child.test) add_case(*child.test, arch, units, init, own);
      if (child.group) walk(*child.group, arch, units, init, own);
    }
    if (group.script) {
      const std::size_t deinit = add({Step::Kind::deinit, 0, &group, &arch, own, own.front()});
      own.push_back(deinit);
    }
    produced.insert(produced.end(), own.begin(), own.end());
  }

  /// The iterations of a case run one after the other: they share its directory.
  void add_case(const Case& test, const Arch& arch, const CaseUnits& units,
                std::optional<std::size_t> init, std::vector<std::size_t>& produced) {
    const auto found = units.find(&test);
    if (found == units.end()) return;
    std::optional<std::size_t> previous = init;
    for (const std::size_t unit : found->second) {
      previous = add({Step::Kind::unit, unit, nullptr, &arch, after(previous), init});
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

  std::vector<Step> take() { return std::move(steps_); }

 private:
  const Group& tree_;
  const Plan& plan_;
  std::vector<Step> steps_;
};

}  // namespace

std::vector<Step> make_steps(const Group& tree, const Plan& plan, const std::vector<Arch>& arches) {
  Builder builder(tree, plan);
  for (const Arch& arch : arches) builder.add_steps(arch);
  return builder.take();
}

results::UnitId group_unit(const Group& group, Step::Kind kind, const Arch& arch) {
  const std::string name = group.name.empty() ? "(top)" : group.name;
  return {"group", name + (kind == Step::Kind::init ? "::init" : "::deinit"), arch.name};
}

}  // namespace rtfx::runner
