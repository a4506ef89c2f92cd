// SPDX-License-Identifier: Apache-2.0
#include "runner/step_scripts.hpp"

#include <fmt/format.h>

#include "runner/environment.hpp"
#include "runner/run_folder.hpp"
#include "runner/share.hpp"

namespace rtfx::runner {

namespace fs = std::filesystem;

StepScripts::StepScripts(const Group& tree, const RunOptions& options, const ArchTable& arches,
                         const fs::path& run_folder, const Plan& plan)
    : options_(options), plan_(plan) {
  const ScriptPlace place{tree.directory, run_folder, share_directory()};
  for (const Arch& arch : options.arches)
    environments_[arch.name] = script_environment(place, options, arch, arches);
}

UnitScripts StepScripts::scripts(const Step& step, int attempt) const {
  UnitScripts scripts;
  if (step.kind != Step::Kind::unit) {
    const Group& group = *step.group;
    scripts.main = make_script(*group.script, group.directory, "UNKNOWN", group, *step.arch);
    scripts.main.arguments = {step.kind == Step::Kind::init ? "init" : "deinit"};
    scripts.main.serves = step.kind == Step::Kind::init;
    if (group.headers.timeout) scripts.main.limit = *group.headers.timeout;
    scripts.main.env["RTFX_ATTEMPT"] = std::to_string(attempt);
    return scripts;
  }
  const CaseUnit& unit = plan_.units[step.unit];
  const Case& test = *unit.test;
  const std::string& name = unit.planned.unit.name;
  const auto hook = [&](const std::optional<fs::path>& path) -> std::optional<Script> {
    if (!path) return std::nullopt;
    Script script = make_script(*path, test.directory, name, *test.group, *step.arch);
    script.arguments = {name};
    return script;
  };
  scripts.before = hook(test.group->pre_test);
  if (scripts.before) scripts.before->serves = true;
  scripts.main = make_script(test.script, test.directory, name, *test.group, *step.arch);
  if (test.headers.timeout) scripts.main.limit = *test.headers.timeout;
  scripts.main.env["RTFX_ATTEMPT"] = std::to_string(attempt);
  scripts.after = hook(test.group->post_test);
  return scripts;
}

Script StepScripts::make_script(const fs::path& path, const fs::path& directory,
                                const std::string& name, const Group& group,
                                const Arch& arch) const {
  Script script;
  script.path = path;
  script.directory = directory;
  script.limit = options_.default_timeout;
  script.grace = options_.grace;
  script.trace = options_.trace;
  script.env = environments_.at(arch.name);
  script.env["RT_TEST_NAME"] = name;
  if (!group.variant.empty()) script.env["RTFX_VARIANT"] = group.variant;
  return script;
}

std::string StepScripts::log_name(const Step& step, int earlier_attempt) const {
  const std::string arch = options_.arches.size() > 1 ? step.arch->name : "";
  if (step.kind == Step::Kind::unit) {
    std::string name = plan_.units[step.unit].planned.unit.name;
    if (earlier_attempt > 0) name += fmt::format(".attempt-{}", earlier_attempt);
    return log_file_name(name, arch);
  }
  return log_file_name(
      fmt::format("{}.group-{}", step.group->name.empty() ? "top" : step.group->name,
                  step.kind == Step::Kind::init ? "init" : "deinit"),
      arch);
}

}  // namespace rtfx::runner
