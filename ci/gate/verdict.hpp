// SPDX-License-Identifier: Apache-2.0
//
// The decision whether a release ships: a pure function of the plan, the event logs, the digests that would be
// published, and the rules that excuse a failure. Whatever is not proven to have passed blocks; there is no "unknown,
// so go on".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ci/gate/baseline.hpp"
#include "ci/gate/plan.hpp"
#include "ci/gate/waivers.hpp"
#include "results/record.hpp"

namespace rtfx::gate {

/// How a requirement stands.
enum class Standing {
  passed,
  flaky,   ///< passed, but not at the first attempt or not in every run, and the policy allows that
  waived,  ///< did not pass; a waiver holds
  regressed,  ///< did not pass, as in the released state (--regress)
  blocked,
};

/// What was found for one requirement.
struct Judgement {
  results::UnitId unit;
  Standing standing = Standing::blocked;
  /// "pass", "flaky", "fail", "error", "timeout", "skip", "cancel" or "missing"; what does not count is missing.
  std::string result;
  std::string reason;  ///< one line; "" for a plain pass
  std::string log;     ///< path relative to the run's folder, or ""

  bool met() const { return standing != Standing::blocked; }
};

/// How many of some requirements are met.
struct Tally {
  int met = 0, required = 0;
};

/// The decision for one arch.
struct ArchVerdict {
  std::string arch;
  bool first_class = true;
  std::map<std::string, Tally> kinds;  ///< "package", "image", "case"
  std::vector<Judgement> units;        ///< in the order of the plan

  bool ready() const;
  std::vector<Judgement> with(Standing standing) const;
  std::vector<Judgement> blockers() const { return with(Standing::blocked); }
};

struct Verdict {
  std::vector<ArchVerdict> arches;  ///< first-class ones first
  bool ships = false;               ///< every first-class arch is ready
  /// What the user should know besides: expired and unused waivers, runs that do not count, the baseline.
  std::vector<std::string> notes;

  std::vector<std::string> shipped_arches() const;
  const ArchVerdict* find(const std::string& arch) const;
};

/// What excuses a failure.
struct Rules {
  std::vector<Waiver> waivers;
  std::optional<Baseline> baseline;  ///< --regress
  std::string today;                 ///< "YYYY-MM-DD" UTC, for the ends of waivers
  bool operator==(const Rules&) const = default;
};

/// A run whose results are judged.
struct JudgedRun {
  std::string name;  ///< for messages: its folder
  results::RunRecord record;
};

/// Judges. `to_ship` are the digests that would be published.
/// * A result counts for an arch only when its run tested exactly the digests of that arch that would be published, and
///   came to its end.
/// * Runs that disagree about a unit make it flaky, whichever came last.
/// * A package is met by a passing result of its unit, and its digest must be the one of every run of that arch.
/// * A failed case is met by a waiver or by the baseline; a package, an image, a wrong digest or a result that an
///   interrupted run did not give never is.
Verdict decide(const Plan& plan, const std::vector<JudgedRun>& runs,
               const std::vector<results::Subject>& to_ship, const Rules& rules);

/// The verdict as JSON (2-space indent), for verdict.json and --json.
std::string verdict_json(const Verdict& verdict, const std::string& release_id);

/// The table that the user sees: a row per arch with what is met of what is required per kind, then one line per
/// blocker (many in a row with one reason share a line), what was waived or known, and the notes.
std::string verdict_text(const Verdict& verdict);

}  // namespace rtfx::gate
