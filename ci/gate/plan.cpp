// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/plan.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "ci/gate/inputs.hpp"
#include "runner/select.hpp"

namespace rtfx::gate {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// Whether the case wants a label that is optional for the gate and was not asked for.
bool is_optional(const runner::Case& test, const runner::GateRules& gate,
                 const runner::Labels& given) {
  return std::any_of(gate.optional_labels.begin(), gate.optional_labels.end(),
                     [&](const std::string& label) {
                       return test.labels.wanted.contains(label) && !given.wanted.contains(label);
                     });
}

std::string obstacle_of(const pkg::PlannedPackage& package) {
  if (!package.revision.in_git) return "it is not in git, so its tag does not name its content";
  if (package.revision.dirty) return "it has uncommitted changes; commit them";
  if (!package.revision.hidden_dirt.empty())
    return "uncommitted changes that its tag does not show: " +
           text::join(package.revision.hidden_dirt, ", ");
  return "";
}

/// A case with the suites that ask for it.
struct RequiredCase {
  const runner::Case* test;
  std::vector<std::string> suites;
};

/// The required cases, each once, in the order of the tree. Throws when a suite names no case.
std::vector<RequiredCase> required_cases(const Input& input) {
  const std::vector<std::string>& suites = input.project.gate.suites;
  if (suites.empty()) return {};
  std::map<const runner::Case*, std::vector<std::string>> asked;
  for (const std::string& suite : suites) {
    for (const runner::Case* test : runner::find_cases(*input.cases, suite))
      asked[test].push_back(suite);
  }
  std::vector<RequiredCase> required;
  for (const runner::Case* test : runner::find_cases(*input.cases, suites))
    required.push_back({test, asked[test]});
  return required;
}

void plan_arch(const Input& input, const std::vector<RequiredCase>& required,
               const std::string& labels, const Arch& arch, bool first_class, Plan& plan) {
  const auto require = [&](const char* kind, const std::string& name,
                           const std::string& obstacle = "",
                           const std::vector<std::string>& suites = {}) {
    plan.requirements.push_back({{kind, name, arch.name}, first_class, obstacle, suites});
  };
  for (const pkg::PlannedPackage& package : input.packages) {
    if (contains(package.package.arches, arch.name))
      require("package", package.ref, obstacle_of(package));
  }
  for (const Example& example : input.examples) require("image", example.name);

  const runner::Labels present = runner::present_labels(labels, arch, input.project.table);
  for (const auto& [test, suites] : required) {
    if (is_optional(*test, input.project.gate, present)) continue;
    if (runner::select(*test, present, arch, input.project.table) == runner::Selection::other_arch)
      continue;
    for (const std::string& name : runner::unit_names(*test, present))
      require("case", name, "", suites);
  }
}

}  // namespace

std::vector<std::string> Plan::arches() const {
  std::vector<std::string> all = first_class;
  all.insert(all.end(), candidates.begin(), candidates.end());
  return all;
}

Plan make_plan(const Input& input, const std::string& labels) {
  const std::vector<RequiredCase> required = required_cases(input);
  Plan plan;
  plan.labels = labels;
  plan.flaky = input.project.gate.flaky;
  describe_inputs(input, plan);
  for (const bool first_class : {true, false}) {
    for (const Arch& arch : input.project.arch_rows(first_class)) {
      (first_class ? plan.first_class : plan.candidates).push_back(arch.name);
      plan_arch(input, required, labels, arch, first_class, plan);
    }
  }
  return plan;
}

}  // namespace rtfx::gate
