// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace rtfx::gate {
namespace {

using results::Result;
using results::Subject;

const Subject* find_subject(const std::vector<Subject>& subjects, const results::UnitId& unit) {
  for (const Subject& subject : subjects) {
    if (subject.name == unit.name && subject.arch == unit.arch) return &subject;
  }
  return nullptr;
}

/// Why a package's passing result does not prove the digest that would ship, if so.
std::optional<std::string> digest_problem(const results::UnitId& unit, const results::RunRecord& run,
                                          const std::vector<Subject>& to_ship) {
  const Subject* tested = find_subject(run.start.subjects, unit);
  const Subject* shipped = find_subject(to_ship, unit);
  if (tested == nullptr) return "no tests ran with it";
  if (shipped == nullptr) return "there is no image to publish";
  if (tested->digest != shipped->digest) {
    return "the tests ran with " + tested->digest + ", not with " + shipped->digest;
  }
  return std::nullopt;
}

/// Why the requirement is not met, if so.
std::optional<Blocker> judge(const Requirement& requirement, const results::RunRecord& run,
                             const std::vector<Subject>& to_ship) {
  const auto blocker = [&](const std::string& reason, const std::string& log = "") {
    return Blocker{requirement.unit, reason, log};
  };
  if (!requirement.obstacle.empty()) return blocker(requirement.obstacle);
  const results::UnitRecord* record = run.find(requirement.unit);
  if (record == nullptr || !record->finished) return blocker("no result");
  const results::UnitFinished& finished = *record->finished;
  if (finished.result != Result::pass) {
    std::string reason = results::result_name(finished.result);
    if (!finished.reason.empty()) reason += ": " + finished.reason;
    return blocker(reason, finished.log);
  }
  if (requirement.unit.kind == "package") {
    if (const auto problem = digest_problem(requirement.unit, run, to_ship)) return blocker(*problem);
  }
  return std::nullopt;
}

ArchVerdict judge_arch(const std::string& arch, bool first_class, const Plan& plan, const results::RunRecord& run,
                       const std::vector<Subject>& to_ship) {
  ArchVerdict verdict;
  verdict.arch = arch;
  verdict.first_class = first_class;
  for (const Requirement& requirement : plan.requirements) {
    if (requirement.unit.arch != arch) continue;
    ++verdict.required;
    if (auto blocker = judge(requirement, run, to_ship)) {
      verdict.blockers.push_back(std::move(*blocker));
    } else {
      ++verdict.met;
    }
  }
  return verdict;
}

}  // namespace

std::vector<std::string> Verdict::shipped_arches() const {
  std::vector<std::string> names;
  if (!ships) return names;
  for (const ArchVerdict& arch : arches) {
    if (arch.first_class) names.push_back(arch.arch);
  }
  return names;
}

Verdict decide(const Plan& plan, const results::RunRecord& run, const std::vector<Subject>& to_ship) {
  Verdict verdict;
  for (const std::string& arch : plan.first_class) {
    verdict.arches.push_back(judge_arch(arch, true, plan, run, to_ship));
  }
  for (const std::string& arch : plan.candidates) {
    verdict.arches.push_back(judge_arch(arch, false, plan, run, to_ship));
  }
  verdict.ships = run.finished && !plan.first_class.empty() &&
                  std::all_of(verdict.arches.begin(), verdict.arches.end(),
                              [](const ArchVerdict& arch) { return !arch.first_class || arch.ready(); });
  return verdict;
}

std::string verdict_json(const Verdict& verdict, const std::string& release_id) {
  nlohmann::ordered_json json;
  json["release"] = release_id;
  json["ships"] = verdict.ships;
  json["arches"] = nlohmann::ordered_json::array();
  for (const ArchVerdict& arch : verdict.arches) {
    nlohmann::ordered_json row;
    row["arch"] = arch.arch;
    row["stage"] = arch.first_class ? "first-class" : "candidate";
    row["ready"] = arch.ready();
    row["required"] = arch.required;
    row["met"] = arch.met;
    row["blockers"] = nlohmann::ordered_json::array();
    for (const Blocker& blocker : arch.blockers) {
      row["blockers"].push_back(
          {{"kind", blocker.unit.kind}, {"name", blocker.unit.name}, {"reason", blocker.reason}, {"log", blocker.log}});
    }
    json["arches"].push_back(std::move(row));
  }
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string verdict_text(const Verdict& verdict) {
  std::string text = fmt::format("{:<10} {:<12} {:>8} {:>5}  {}\n", "ARCH", "STAGE", "REQUIRED", "MET", "VERDICT");
  for (const ArchVerdict& arch : verdict.arches) {
    const char* word = arch.ready() ? (arch.first_class ? "passes" : "ready") : (arch.first_class ? "blocks" : "not ready");
    text += fmt::format("{:<10} {:<12} {:>8} {:>5}  {}\n", arch.arch, arch.first_class ? "first-class" : "candidate",
                        arch.required, arch.met, word);
  }
  for (const ArchVerdict& arch : verdict.arches) {
    for (const Blocker& blocker : arch.blockers) {
      text += fmt::format("  {} {} {} {}: {}\n", arch.first_class ? "BLOCKS" : "lacks ", arch.arch, blocker.unit.kind,
                          blocker.unit.name, blocker.reason);
      if (!blocker.log.empty()) text += fmt::format("         log: {}\n", blocker.log);
    }
  }
  return text;
}

}  // namespace rtfx::gate
