// SPDX-License-Identifier: Apache-2.0
//
// The verdict as people and programs read it.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ci/gate/json_reader.hpp"
#include "ci/gate/verdict.hpp"

namespace rtfx::gate {
namespace {

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

/// One line per unit. More than `few` in a row that differ in nothing but the name share one.
std::string lines(const ArchVerdict& arch, Standing standing, const char* word) {
  constexpr std::ptrdiff_t few = 2;
  const std::vector<Judgement> units = arch.with(standing);
  std::string text;
  for (auto first = units.begin(); first != units.end();) {
    const auto last = std::find_if(first, units.end(), [&](const Judgement& unit) {
      return unit.unit.kind != first->unit.kind || unit.reason != first->reason ||
             !unit.log.empty();
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

Json list_of(const ArchVerdict& arch, Standing standing) {
  Json list = Json::array();
  for (const Judgement& judgement : arch.with(standing)) {
    list.push_back({{"kind", judgement.unit.kind},
                    {"name", judgement.unit.name},
                    {"result", judgement.result},
                    {"reason", judgement.reason},
                    {"log", judgement.log}});
  }
  return list;
}

}  // namespace

std::string verdict_json(const Verdict& verdict, const std::string& release_id) {
  Json json;
  json["format"] = 1;
  json["release"] = release_id;
  json["ships"] = verdict.ships;
  json["notes"] = verdict.notes;
  json["arches"] = Json::array();
  for (const ArchVerdict& arch : verdict.arches) {
    Json row;
    row["arch"] = arch.arch;
    row["stage"] = arch.first_class ? "first-class" : "candidate";
    row["ready"] = arch.ready();
    for (const auto& [kind, tally] : arch.kinds)
      row["met"][kind] = {{"met", tally.met}, {"required", tally.required}};
    row["blockers"] = list_of(arch, Standing::blocked);
    row["flaky"] = list_of(arch, Standing::flaky);
    row["waived"] = list_of(arch, Standing::waived);
    row["regressed"] = list_of(arch, Standing::regressed);
    json["arches"].push_back(std::move(row));
  }
  std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace);
  text.erase(text.rfind("\n}"));
  const Baseline released = verdict.ships ? baseline_of(verdict, release_id) : Baseline{};
  return text + ",\n" + baseline_json(released) + "\n}\n";
}

std::string verdict_text(const Verdict& verdict) {
  std::string text = fmt::format("{:<10} {:<12} {:>9} {:>9} {:>9}  {}\n", "ARCH", "STAGE",
                                 "PACKAGES", "IMAGES", "CASES", "VERDICT");
  for (const ArchVerdict& arch : verdict.arches) {
    text += fmt::format("{:<10} {:<12} {:>9} {:>9} {:>9}  {}\n", arch.arch,
                        arch.first_class ? "first-class" : "candidate", share(arch, "package"),
                        share(arch, "image"), share(arch, "case"), word_for(arch));
  }
  for (const ArchVerdict& arch : verdict.arches)
    text += lines(arch, Standing::blocked, arch.first_class ? "BLOCKS" : "lacks ");
  for (const ArchVerdict& arch : verdict.arches) {
    text += lines(arch, Standing::waived, "waived");
    text += lines(arch, Standing::regressed, "known ");
    text += lines(arch, Standing::flaky, "flaky ");
  }
  for (const std::string& note : verdict.notes) text += "  note   " + note + "\n";
  return text;
}

}  // namespace rtfx::gate
