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
std::optional<std::string> digest_problem(const results::UnitId& unit,
                                          const results::RunRecord& run,
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
    if (const auto problem = digest_problem(requirement.unit, run, to_ship))
      return blocker(*problem);
  }
  return std::nullopt;
}

ArchVerdict judge_arch(const std::string& arch, bool first_class, const Plan& plan,
                       const results::RunRecord& run, const std::vector<Subject>& to_ship) {
  ArchVerdict verdict;
  verdict.arch = arch;
  verdict.first_class = first_class;
  for (const Requirement& requirement : plan.requirements) {
    if (requirement.unit.arch != arch) continue;
    Tally& tally = verdict.kinds[requirement.unit.kind];
    ++tally.required;
    if (auto blocker = judge(requirement, run, to_ship)) {
      verdict.blockers.push_back(std::move(*blocker));
    } else {
      ++tally.met;
    }
  }
  return verdict;
}

const char* word_for(const ArchVerdict& arch) {
  if (arch.first_class) return arch.ready() ? "passes" : "blocks";
  return arch.ready() ? "ready" : "not ready";
}

/// "16/17"
std::string share(const ArchVerdict& arch, const std::string& kind) {
  const auto found = arch.kinds.find(kind);
  const Tally tally = found == arch.kinds.end() ? Tally{} : found->second;
  return fmt::format("{}/{}", tally.met, tally.required);
}

/// One line per blocker. More than `few` in a row that differ in nothing but the name share one.
std::string excuses(const ArchVerdict& arch) {
  constexpr std::ptrdiff_t few = 2;
  std::string text;
  const char* word = arch.first_class ? "BLOCKS" : "lacks ";
  for (auto first = arch.blockers.begin(); first != arch.blockers.end();) {
    const auto last = std::find_if(first, arch.blockers.end(), [&](const Blocker& blocker) {
      return blocker.unit.kind != first->unit.kind || blocker.reason != first->reason ||
             !blocker.log.empty();
    });
    if (last - first > few) {
      text += fmt::format("  {} {} {} {}s, from {}: {}\n", word, arch.arch, last - first,
                          first->unit.kind, first->unit.name, first->reason);
      first = last;
      continue;
    }
    text += fmt::format("  {} {} {} {}: {}\n", word, arch.arch, first->unit.kind, first->unit.name,
                        first->reason);
    if (!first->log.empty()) text += fmt::format("         log: {}\n", first->log);
    ++first;
  }
  return text;
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

Verdict decide(const Plan& plan, const results::RunRecord& run,
               const std::vector<Subject>& to_ship) {
  Verdict verdict;
  for (const std::string& arch : plan.first_class) {
    verdict.arches.push_back(judge_arch(arch, true, plan, run, to_ship));
  }
  for (const std::string& arch : plan.candidates) {
    verdict.arches.push_back(judge_arch(arch, false, plan, run, to_ship));
  }
  verdict.ships =
      run.finished && !plan.first_class.empty() &&
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
    for (const auto& [kind, tally] : arch.kinds)
      row["met"][kind] = {{"met", tally.met}, {"required", tally.required}};
    row["blockers"] = nlohmann::ordered_json::array();
    for (const Blocker& blocker : arch.blockers) {
      row["blockers"].push_back({{"kind", blocker.unit.kind},
                                 {"name", blocker.unit.name},
                                 {"reason", blocker.reason},
                                 {"log", blocker.log}});
    }
    json["arches"].push_back(std::move(row));
  }
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string verdict_text(const Verdict& verdict) {
  std::string text = fmt::format("{:<10} {:<12} {:>9} {:>9} {:>9}  {}\n", "ARCH", "STAGE",
                                 "PACKAGES", "IMAGES", "CASES", "VERDICT");
  for (const ArchVerdict& arch : verdict.arches) {
    text += fmt::format("{:<10} {:<12} {:>9} {:>9} {:>9}  {}\n", arch.arch,
                        arch.first_class ? "first-class" : "candidate", share(arch, "package"),
                        share(arch, "image"), share(arch, "case"), word_for(arch));
  }
  for (const ArchVerdict& arch : verdict.arches) text += excuses(arch);
  return text;
}

}  // namespace rtfx::gate
