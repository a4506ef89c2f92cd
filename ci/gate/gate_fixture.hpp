// SPDX-License-Identifier: Apache-2.0
//
// A small plan and runs of it, for the tests of the gate.
#pragma once

#include <string>
#include <vector>

#include "ci/gate/verdict.hpp"

namespace rtfx::gate::fixture {

using results::Result;
using results::UnitId;

inline const UnitId redis_amd64{"package", "org/redis:1", "amd64"};
inline const UnitId boot_amd64{"case", "x.boot", "amd64"};
inline const UnitId boot_arm64{"case", "x.boot", "arm64"};
inline const UnitId boot_riscv64{"case", "x.boot", "riscv64"};

/// Two first-class arches and a candidate; one package, for amd64.
inline Plan the_plan() {
  return {{"amd64", "arm64"},
          {"riscv64"},
          {{redis_amd64, true, "", {}},
           {boot_amd64, true, "", {"x"}},
           {boot_arm64, true, "", {"x"}},
           {boot_riscv64, false, "", {"x"}}}};
}

inline void finish(results::RunRecord& run, const UnitId& unit, Result result,
                   const std::string& reason = "") {
  results::UnitRecord record;
  record.planned.unit = unit;
  record.finished = results::UnitFinished{};
  record.finished->unit = unit;
  record.finished->result = result;
  record.finished->reason = reason;
  run.units.push_back(record);
}

inline const std::vector<results::Subject> redis_digest = {{"org/redis:1", "amd64", "sha256:aa"}};

/// A run in which everything passed.
inline results::RunRecord good_run() {
  results::RunRecord run;
  run.finished = true;
  run.start.subjects = redis_digest;
  for (const UnitId& unit : {redis_amd64, boot_amd64, boot_arm64, boot_riscv64})
    finish(run, unit, Result::pass);
  return run;
}

/// The same, but x.boot of arm64 ended so.
inline results::RunRecord run_with(Result result, const std::string& reason = "because") {
  results::RunRecord run = good_run();
  run.units[2].finished->result = result;
  run.units[2].finished->reason = reason;
  return run;
}

/// The unit needed a second attempt.
inline void retried(results::RunRecord& run, std::size_t place) {
  results::UnitRetried attempt;
  attempt.unit = run.units[place].planned.unit;
  attempt.reason = "exit 1";
  run.units[place].retried.push_back(attempt);
}

inline Waiver waiver(const std::string& pattern, const std::string& expires = "2026-12-31") {
  return {pattern, {}, "the board is broken", "Ann <ann@example.org>", expires, "waivers.yml:1"};
}

inline Rules rules_with(const std::vector<Waiver>& waivers) {
  return {waivers, std::nullopt, "2026-11-20"};
}

}  // namespace rtfx::gate::fixture
