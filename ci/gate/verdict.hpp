// SPDX-License-Identifier: Apache-2.0
//
// The decision whether a release ships: a pure function of the plan, the event log and the digests that would be
// published. Whatever is not proven to have passed blocks; there is no "unknown, so go on".
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ci/gate/plan.hpp"
#include "results/record.hpp"

namespace rtfx::gate {

/// Why one requirement is not met.
struct Blocker {
  results::UnitId unit;
  std::string reason;  ///< one line
  std::string log;     ///< path relative to the run's folder, or ""
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
  std::vector<Blocker> blockers;       ///< in the order of the plan

  bool ready() const { return blockers.empty() && !kinds.empty(); }
};

struct Verdict {
  std::vector<ArchVerdict> arches;  ///< first-class ones first
  bool ships = false;               ///< every first-class arch is ready

  std::vector<std::string> shipped_arches() const;
};

/// Judges. `to_ship` are the digests that would be published: a package requirement is met by a passing result of its
/// unit whose digest, as the run's log names it, is the one to ship. An interrupted run never ships.
Verdict decide(const Plan& plan, const results::RunRecord& run,
               const std::vector<results::Subject>& to_ship);

/// The verdict as JSON (2-space indent), for verdict.json and --json.
std::string verdict_json(const Verdict& verdict, const std::string& release_id);

/// The table that the user sees: a row per arch with what is met of what is required per kind, then one line per
/// blocker; many in a row with one reason share a line.
std::string verdict_text(const Verdict& verdict);

}  // namespace rtfx::gate
