// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/excuses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "ci/gate/json_reader.hpp"

namespace rtfx::gate {
namespace {

/// "x.a (fail: exit 1), x.b (no result) and 3 more"
std::string names(const std::vector<Judgement>& units, bool with_reasons) {
  constexpr std::size_t shown = 3;
  std::vector<std::string> parts;
  for (const Judgement& judgement : units) {
    if (parts.size() == shown) break;
    parts.push_back(with_reasons ? judgement.unit.name + " (" + judgement.reason + ")"
                                 : judgement.unit.name);
  }
  std::string text = text::join(parts, ", ");
  if (units.size() > shown) text += fmt::format(" and {} more", units.size() - shown);
  return text;
}

std::vector<Judgement> of_kind(const std::vector<Judgement>& units, const std::string& kind) {
  std::vector<Judgement> found;
  std::copy_if(units.begin(), units.end(), std::back_inserter(found),
               [&](const Judgement& judgement) { return judgement.unit.kind == kind; });
  return found;
}

/// What keeps an arch from shipping apart from its packages, which have lines of their own.
std::string blocked_by(const ArchVerdict& arch, bool with_reasons = true) {
  const std::vector<Judgement> blockers = arch.blockers();
  std::vector<std::string> parts;
  for (const char* kind : {"package", "image", "case"}) {
    const std::vector<Judgement> some = of_kind(blockers, kind);
    if (!some.empty())
      parts.push_back(
          fmt::format("{}{} {}", kind, some.size() == 1 ? "" : "s", names(some, with_reasons)));
  }
  return text::join(parts, "; ");
}

/// ", although x.a was waived" …
std::string although(const ArchVerdict& arch) {
  std::string text;
  for (const Judgement& judgement : arch.with(Standing::waived))
    text += fmt::format("; {} ({})", judgement.unit.name, judgement.reason);
  for (const Judgement& judgement : arch.with(Standing::regressed))
    text += fmt::format("; {} ({})", judgement.unit.name, judgement.reason);
  if (const std::vector<Judgement> flaky = arch.with(Standing::flaky); !flaky.empty())
    text += "; flaky: " + names(flaky, false);
  return text;
}

std::string tests_of(const ArchVerdict& arch) {
  const auto cases = arch.kinds.find("case");
  if (cases == arch.kinds.end()) return "no case is required";
  return fmt::format("{} of {} cases count as passed", cases->second.met, cases->second.required);
}

/// The other first-class arches that block.
std::string held_back_by(const Verdict& verdict) {
  std::vector<std::string> parts;
  for (const ArchVerdict& arch : verdict.arches) {
    if (arch.first_class && !arch.ready())
      parts.push_back(arch.arch + (arch.units.empty() ? " (nothing is required of it)"
                                                      : " (" + blocked_by(arch, false) + ")"));
  }
  return text::join(parts, ", ");
}

std::string reason_for(const Judgement& package, const ArchVerdict& arch, const Verdict& verdict) {
  if (!package.met()) return "blocked by itself: " + package.reason;
  if (!arch.first_class)
    return arch.ready() ? "a candidate arch is not shipped; it is ready: " + tests_of(arch)
                        : "a candidate arch is not shipped; it lacks " + blocked_by(arch);
  if (!arch.ready()) return "blocked by " + blocked_by(arch);
  if (!verdict.ships) return arch.arch + " passes, but waits for " + held_back_by(verdict);
  return "built, and " + tests_of(arch) + although(arch);
}

}  // namespace

std::vector<Excuse> make_excuses(const Plan& plan, const Verdict& verdict) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<Excuse>> by_package;
  for (const Requirement& requirement : plan.requirements) {
    if (requirement.unit.kind == "package" && !by_package.contains(requirement.unit.name)) {
      by_package[requirement.unit.name];
      order.push_back(requirement.unit.name);
    }
  }
  for (const ArchVerdict& arch : verdict.arches) {
    for (const Judgement& judgement : arch.units) {
      if (judgement.unit.kind != "package") continue;
      by_package[judgement.unit.name].push_back({judgement.unit.name, arch.arch,
                                                 verdict.ships && arch.first_class,
                                                 reason_for(judgement, arch, verdict)});
    }
  }
  std::vector<Excuse> excuses;
  for (const std::string& package : order) {
    const std::vector<Excuse>& some = by_package[package];
    excuses.insert(excuses.end(), some.begin(), some.end());
  }
  return excuses;
}

std::string excuses_text(const std::vector<Excuse>& excuses) {
  std::size_t width = 0;
  for (const Excuse& excuse : excuses) width = std::max(width, excuse.arch.size());
  std::string text, package;
  for (const Excuse& excuse : excuses) {
    if (excuse.package != package) text += excuse.package + "\n";
    package = excuse.package;
    text += fmt::format("  {:<{}}  {}: {}\n", excuse.arch, width, excuse.ships ? "ships" : "stays",
                        excuse.why);
  }
  return text;
}

std::string excuses_json(const std::vector<Excuse>& excuses, const Verdict& verdict,
                         const std::string& release_id) {
  Json json{{"format", 1},
            {"release", release_id},
            {"ships", verdict.ships},
            {"notes", verdict.notes},
            {"excuses", Json::array()}};
  for (const Excuse& excuse : excuses)
    json["excuses"].push_back({{"package", excuse.package},
                               {"arch", excuse.arch},
                               {"ships", excuse.ships},
                               {"why", excuse.why}});
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace rtfx::gate
