// SPDX-License-Identifier: Apache-2.0
#include "ci/graduation/graduation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/process/process.hpp"
#include "runner/select.hpp"

namespace rtfx::graduation {
namespace {

using results::Result;
using results::UnitRecord;

/// A result and the run that it is from.
struct Found {
  const UnitRecord* record = nullptr;
  const results::RunRecord* run = nullptr;
};

/// The newest result of a unit in any run.
Found newest(const Evidence& evidence, const results::UnitId& unit) {
  for (const results::RunRecord& run : evidence.runs) {
    const UnitRecord* record = run.find(unit);
    if (record != nullptr && record->finished) return {record, &run};
  }
  return {};
}

/// The requirements of the arch that `wanted` picks, judged together: one that failed is "not met", one without a
/// result "unknown".
template <typename Wanted>
Answer from_results(const Evidence& evidence, const std::string& area, const std::string& sentence,
                    Wanted wanted) {
  int passed = 0;
  std::vector<std::string> failed, missing;
  std::set<std::string> runs;
  for (const gate::Requirement& requirement : evidence.plan.requirements) {
    const results::UnitId& unit = requirement.unit;
    if (unit.arch != evidence.arch.name || !wanted(unit)) continue;
    const Found found = newest(evidence, unit);
    if (found.record == nullptr) {
      missing.push_back(unit.name);
      continue;
    }
    runs.insert(found.run->start.run_id);
    const results::UnitFinished& finished = *found.record->finished;
    if (finished.result == Result::pass) {
      ++passed;
    } else {
      failed.push_back(unit.name + " (" + results::result_name(finished.result) + ": " +
                       finished.reason + ")");
    }
  }
  Answer answer{area, sentence, State::met, fmt::format("{} passed", passed)};
  if (!runs.empty())
    answer.evidence +=
        runs.size() == 1 ? " in run " + *runs.begin() : ", the newest in run " + *runs.rbegin();
  if (!failed.empty()) {
    answer.state = State::not_met;
    answer.evidence += "; not passed: " + text::join(failed, ", ");
  } else if (!missing.empty() || passed == 0) {
    answer.state = State::unknown;
    answer.evidence += missing.empty() ? "; nothing of the kind is planned for it"
                                       : "; no result: " + text::join(missing, ", ");
  }
  return answer;
}

bool in_suite(const Evidence& evidence, const std::string& case_name, const std::string& word) {
  for (const std::string& suite : evidence.input.project.gate.suites) {
    if (suite.ends_with("." + word) &&
        runner::pattern_matches(suite, case_name, *evidence.input.cases))
      return true;
  }
  return false;
}

Answer build_tool(const Evidence& evidence) {
  Answer answer{"Build tool", "The build tool knows the architecture and this host can boot it",
                State::met, ""};
  const auto qemu = process::find_program(evidence.arch.qemu);
  if (qemu) {
    answer.evidence =
        "linux/" + evidence.arch.name + ", " + qemu->filename().string() + " is installed";
  } else {
    answer.state = State::unknown;
    answer.evidence = evidence.arch.qemu + " is not installed here: apt-get install " +
                      evidence.arch.qemu_package;
  }
  return answer;
}

/// Every package that claims this arch is in the content store for it, and every package of the project claims it.
Answer packages_built(const Evidence& evidence) {
  Answer answer{"Packages", "The library of packages can be built for it", State::met, ""};
  std::vector<std::string> absent, unclaimed;
  int built = 0;
  for (const pkg::PlannedPackage& package : evidence.input.packages) {
    const std::vector<std::string>& arches = package.package.arches;
    if (std::find(arches.begin(), arches.end(), evidence.arch.name) == arches.end()) {
      unclaimed.push_back(package.package.image);
    } else if (evidence.store.resolve(pkg::arch_ref(package.ref, evidence.arch.name))) {
      ++built;
    } else {
      absent.push_back(package.package.image);
    }
  }
  answer.evidence = fmt::format("{} of {} packages are in the content store", built,
                                evidence.input.packages.size());
  if (!unclaimed.empty()) {
    answer.state = State::not_met;
    answer.evidence += "; build.yml leaves it out: " + text::join(unclaimed, ", ");
  } else if (!absent.empty()) {
    answer.state = State::unknown;
    answer.evidence += "; not built: " + text::join(absent, ", ") +
                       " (rtfx pkg build --platforms linux/" + evidence.arch.name + " ...)";
  }
  return answer;
}

/// A file that rtfx.yml names under `key`.
Answer from_file(const Evidence& evidence, const std::string& sentence,
                 const std::optional<std::filesystem::path>& path, const std::string& key) {
  Answer answer{"Final checks", sentence, State::not_met, ""};
  if (!path) {
    answer.evidence = "rtfx.yml names none (arches." + evidence.arch.name + "." + key + ")";
    return answer;
  }
  answer.evidence = path->lexically_relative(evidence.input.project.root).string();
  if (std::filesystem::is_regular_file(*path) && std::filesystem::file_size(*path) > 0) {
    answer.state = State::met;
  } else {
    answer.evidence += " is missing or empty";
  }
  return answer;
}

const runner::ProjectArch& project_arch(const Evidence& evidence) {
  for (const runner::ProjectArch& arch : evidence.input.project.arches) {
    if (arch.name == evidence.arch.name) return arch;
  }
  throw Error("arch \"" + evidence.arch.name +
                  "\" is not in rtfx.yml; add it under arches: with stage: candidate",
              ExitCode::nothing_to_run);
}

}  // namespace

std::string state_name(State state) {
  switch (state) {
    case State::met:
      return "met";
    case State::not_met:
      return "not met";
    case State::unknown:
      return "unknown";
  }
  return "";
}

std::vector<Answer> answer(const Evidence& evidence) {
  const runner::ProjectArch& arch = project_arch(evidence);
  const auto is_kind = [](const char* kind) {
    return [kind](const results::UnitId& unit) { return unit.kind == kind; };
  };
  const auto suite = [&](const char* word) {
    return [&evidence, word](const results::UnitId& unit) {
      return unit.kind == "case" && in_suite(evidence, unit.name, word);
    };
  };
  const auto is_kernel = [](const results::UnitId& unit) {
    return unit.kind == "package" && unit.name.substr(0, unit.name.rfind(':')).ends_with("/kernel");
  };
  std::vector<Answer> answers = {
      build_tool(evidence),
      packages_built(evidence),
      from_results(evidence, "Packages", "All package tests for it succeed", suite("packages")),
      from_results(evidence, "Packages", "The examples can be built for it", is_kind("image")),
      from_results(evidence, "Packages", "The examples run on it", suite("examples")),
      from_results(evidence, "Kernel", "A kernel can be built by this repository", is_kernel),
      from_results(evidence, "Kernel",
                   "That kernel boots a system, and passes the kernel test suite", suite("kernel")),
      from_file(evidence, "There is documentation that explains how to use it", arch.documentation,
                "documentation"),
      from_file(evidence, "There is a working CI setup that builds, tests and publishes it",
                arch.ci, "ci"),
  };
  Answer maintainer{"Final checks", "A maintainer is committed to it", State::not_met,
                    "rtfx.yml names none (arches." + arch.name + ".maintainer)"};
  if (!arch.maintainer.empty()) {
    maintainer.state = State::met;
    maintainer.evidence = arch.maintainer;
  }
  answers.push_back(maintainer);
  return answers;
}

bool ready(const std::vector<Answer>& answers) {
  return !answers.empty() && std::all_of(answers.begin(), answers.end(),
                                         [](const Answer& a) { return a.state == State::met; });
}

std::string answers_text(const std::string& arch, const std::vector<Answer>& answers) {
  std::string text;
  std::string area;
  for (const Answer& answer : answers) {
    if (answer.area != area) text += answer.area + "\n";
    area = answer.area;
    text += fmt::format("  {:<8} {}\n           {}\n", state_name(answer.state), answer.requirement,
                        answer.evidence);
  }
  const auto met = std::count_if(answers.begin(), answers.end(),
                                 [](const Answer& a) { return a.state == State::met; });
  text += fmt::format("{}: {} of {} requirements met; {}\n", arch, met, answers.size(),
                      ready(answers) ? "ready" : "not ready");
  return text;
}

std::string answers_json(const std::string& arch, const std::vector<Answer>& answers) {
  nlohmann::ordered_json json;
  json["arch"] = arch;
  json["ready"] = ready(answers);
  json["requirements"] = nlohmann::ordered_json::array();
  for (const Answer& answer : answers) {
    json["requirements"].push_back({{"area", answer.area},
                                    {"requirement", answer.requirement},
                                    {"state", state_name(answer.state)},
                                    {"evidence", answer.evidence}});
  }
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::vector<results::RunRecord> recent_runs(const std::filesystem::path& results) {
  std::vector<std::pair<std::filesystem::file_time_type, std::filesystem::path>> folders;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(results, error)) {
    const std::filesystem::path log = entry.path() / "events.jsonl";
    if (!entry.is_symlink() && std::filesystem::exists(log)) {
      folders.emplace_back(std::filesystem::last_write_time(log, error), entry.path());
    }
  }
  std::sort(folders.rbegin(), folders.rend());
  std::vector<results::RunRecord> runs;
  for (const auto& [time, folder] : folders) {
    try {
      runs.push_back(results::read_run(folder));
    } catch (const Error&) {
      continue;
    }
  }
  return runs;
}

}  // namespace rtfx::graduation
