// SPDX-License-Identifier: Apache-2.0
//
// The decision whether a release ships: a pure function of the plan, the event log and the digests that would be
// published. Whatever is not proven to have passed blocks; there is no "unknown, so go on".
#pragma once

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

/// The decision for one arch.
struct ArchVerdict {
  std::string arch;
  bool first_class = true;
  int required = 0;
  int met = 0;
  std::vector<Blocker> blockers;

  bool ready() const { return blockers.empty() && required > 0; }
};

struct Verdict {
  std::vector<ArchVerdict> arches;  ///< first-class ones first
  bool ships = false;               ///< every first-class arch is ready

  std::vector<std::string> shipped_arches() const;
};

/// Judges. `to_ship` are the digests that would be published: a package requirement is met by a passing result of its
/// unit whose digest, as the run's log names it, is the one to ship. An interrupted run never ships.
Verdict decide(const Plan& plan, const results::RunRecord& run, const std::vector<results::Subject>& to_ship);

/// The verdict as JSON (2-space indent), for verdict.json and --json.
std::string verdict_json(const Verdict& verdict, const std::string& release_id);

/// The table that the user sees: a row per arch with counts per kind, then one line per blocker.
std::string verdict_text(const Verdict& verdict);

}  // namespace rtfx::gate
