// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "ci/gate/findings.hpp"
#include "ci/gate/inputs.hpp"

namespace rtfx::gate {
namespace {

/// Applies the rules, and remembers which of them were of use.
class Judge {
 public:
  explicit Judge(const Rules& rules)
      : rules_(rules), used_(rules.waivers.size()), wanted_(rules.waivers.size()) {}

  /// Excuses what did not pass, if a rule does; otherwise it blocks.
  Judgement judge(const results::UnitId& unit, const Finding& finding) {
    Judgement judgement{unit, Standing::blocked, finding.result, finding.reason, ""};
    if (finding.record != nullptr && !finding.passed())
      judgement.log =
          (finding.disagrees != nullptr ? finding.disagrees : finding.record)->finished->log;
    if (finding.passed()) {
      judgement.standing = Standing::passed;
    } else if (finding.excusable && unit.kind == "case") {
      if (!waive(judgement)) compare(judgement);
    }
    return judgement;
  }

  /// One line about each waiver that has ended, or that nothing needed.
  std::vector<std::string> notes(const Plan& plan) const;

 private:
  bool waive(Judgement& judgement) {
    for (std::size_t i = 0; i < rules_.waivers.size(); ++i) {
      const Waiver& waiver = rules_.waivers[i];
      if (!waiver.covers(judgement.unit)) continue;
      if (waiver.expired(rules_.today)) {
        ++wanted_[i];
        continue;
      }
      used_[i] = true;
      judgement.standing = Standing::waived;
      judgement.reason +=
          fmt::format("; waived by {} until {}: {}", waiver.author, waiver.expires, waiver.reason);
      return true;
    }
    return false;
  }

  void compare(Judgement& judgement) const;

  const Rules& rules_;
  std::vector<bool> used_;
  std::vector<int> wanted_;  ///< of an expired waiver: how many cases it would have covered
};

/// Whether a unit with this released result had failed in the same way or a worse one.
bool excuses(const std::string& released, const std::string& now) {
  if (released == "fail" || released == "error" || released == "timeout") return true;
  return released != "pass" && released == now;
}

void Judge::compare(Judgement& judgement) const {
  if (!rules_.baseline) return;
  const Baseline& baseline = *rules_.baseline;
  const auto released = baseline.results.find(judgement.unit);
  if (released == baseline.results.end() || released->second == "missing") {
    judgement.reason += baseline.complete || released != baseline.results.end()
                            ? " (no result in the released state)"
                            : " (not among what failed in the released state)";
  } else if (judgement.result != "missing" && excuses(released->second, judgement.result)) {
    judgement.standing = Standing::regressed;
    judgement.reason +=
        fmt::format("; the released state has {} too",
                    released->second == judgement.result ? "this" : released->second);
  } else {
    judgement.reason += fmt::format(" (in the released state: {})", released->second);
  }
}

std::vector<std::string> Judge::notes(const Plan& plan) const {
  std::vector<std::string> notes;
  for (std::size_t i = 0; i < rules_.waivers.size(); ++i) {
    const Waiver& waiver = rules_.waivers[i];
    const std::string name =
        fmt::format("{}: the waiver of {} by {}", waiver.where, waiver.pattern, waiver.author);
    const bool named = std::any_of(
        plan.requirements.begin(), plan.requirements.end(),
        [&](const Requirement& requirement) { return waiver.covers(requirement.unit); });
    if (!named) {
      notes.push_back(name + " names no case that the gate asks for");
    } else if (waiver.expired(rules_.today)) {
      notes.push_back(name + " expired on " + waiver.expires +
                      (wanted_[i] == 0
                           ? " and was not needed"
                           : fmt::format("; {} that it named did not pass",
                                         wanted_[i] == 1 ? "a result"
                                                         : fmt::format("{} results", wanted_[i]))));
    } else if (!used_[i]) {
      notes.push_back(name + " was not needed");
    }
  }
  return notes;
}

/// Flaky passes count as long as the arch has no more of them than the policy allows; otherwise all of them need an
/// excuse.
void judge_flaky(const Plan& plan, const std::vector<Finding>& findings, Judge& judge,
                 ArchVerdict& verdict, const std::vector<std::size_t>& flaky) {
  const auto allowed = static_cast<std::size_t>(plan.flaky.value_or(0));
  const bool within = !plan.flaky || flaky.size() <= allowed;
  std::vector<Judgement*> left;
  for (const std::size_t place : flaky) {
    for (Judgement& judgement : verdict.units) {
      if (judgement.unit != plan.requirements[place].unit) continue;
      if (!within) judgement = judge.judge(judgement.unit, findings[place]);
      if (!judgement.met()) left.push_back(&judgement);
    }
  }
  for (Judgement* judgement : left) {
    if (within || left.size() <= allowed) {
      judgement->standing = Standing::flaky;
    } else {
      judgement->reason += allowed == 0 ? "; gate.flaky blocks that"
                                        : fmt::format("; gate.flaky allows {} of {}, there are {}",
                                                      allowed, verdict.arch, left.size());
    }
  }
}

ArchVerdict judge_arch(const std::string& arch, bool first_class, const Plan& plan,
                       const std::vector<Finding>& findings, Judge& judge) {
  ArchVerdict verdict;
  verdict.arch = arch;
  verdict.first_class = first_class;
  std::vector<std::size_t> flaky;
  for (std::size_t i = 0; i < plan.requirements.size(); ++i) {
    const results::UnitId& unit = plan.requirements[i].unit;
    if (unit.arch != arch) continue;
    if (findings[i].flaky()) {
      flaky.push_back(i);
      const std::string& log =
          (findings[i].disagrees ? findings[i].disagrees : findings[i].record)->finished->log;
      verdict.units.push_back({unit, Standing::blocked, "flaky", findings[i].reason, log});
    } else {
      verdict.units.push_back(judge.judge(unit, findings[i]));
    }
  }
  judge_flaky(plan, findings, judge, verdict, flaky);
  for (const Judgement& judgement : verdict.units) {
    Tally& tally = verdict.kinds[judgement.unit.kind];
    ++tally.required;
    if (judgement.met()) ++tally.met;
  }
  return verdict;
}

}  // namespace

bool ArchVerdict::ready() const {
  return !units.empty() &&
         std::all_of(units.begin(), units.end(), [](const Judgement& unit) { return unit.met(); });
}

std::vector<Judgement> ArchVerdict::with(Standing standing) const {
  std::vector<Judgement> found;
  std::copy_if(units.begin(), units.end(), std::back_inserter(found),
               [&](const Judgement& unit) { return unit.standing == standing; });
  return found;
}

std::vector<std::string> Verdict::shipped_arches() const {
  std::vector<std::string> names;
  if (!ships) return names;
  for (const ArchVerdict& arch : arches) {
    if (arch.first_class) names.push_back(arch.arch);
  }
  return names;
}

const ArchVerdict* Verdict::find(const std::string& arch) const {
  for (const ArchVerdict& verdict : arches) {
    if (verdict.arch == arch) return &verdict;
  }
  return nullptr;
}

Verdict decide(const Plan& plan, const std::vector<JudgedRun>& runs,
               const std::vector<results::Subject>& to_ship, const Rules& rules) {
  const std::vector<Finding> findings = look_up(plan, runs, to_ship);
  Judge judge(rules);
  Verdict verdict;
  for (const std::string& arch : plan.first_class)
    verdict.arches.push_back(judge_arch(arch, true, plan, findings, judge));
  for (const std::string& arch : plan.candidates)
    verdict.arches.push_back(judge_arch(arch, false, plan, findings, judge));
  verdict.ships =
      !plan.first_class.empty() &&
      std::all_of(verdict.arches.begin(), verdict.arches.end(),
                  [](const ArchVerdict& arch) { return !arch.first_class || arch.ready(); });
  verdict.notes = judge.notes(plan);
  if (rules.baseline) verdict.notes.push_back("--regress compares with " + rules.baseline->source);
  if (const std::vector<std::string> changed = changed_inputs(plan); !changed.empty())
    verdict.notes.push_back("not as the commit has it: " + text::join(changed, ", "));
  return verdict;
}

}  // namespace rtfx::gate
