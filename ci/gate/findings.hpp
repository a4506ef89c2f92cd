// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ci/gate/verdict.hpp"

namespace rtfx::gate {

/// What the runs say about one requirement, before any rule excuses it.
struct Finding {
  /// The result that speaks for it, of a run that counts; null when there is none.
  const results::UnitRecord* record = nullptr;
  /// Of several runs: the one that says otherwise than a passing `record`; or null.
  const results::UnitRecord* disagrees = nullptr;
  std::string result;  ///< as Judgement::result
  std::string reason;  ///< one line; "" for a plain pass
  /// A waiver or the released state may excuse it: it failed, and not because the result does not count.
  bool excusable = false;

  bool passed() const { return result == "pass"; }
  bool flaky() const { return result == "flaky"; }
};

/// One for each requirement of the plan, in its order. `runs` must outlive the findings.
std::vector<Finding> look_up(const Plan& plan, const std::vector<JudgedRun>& runs,
                             const std::vector<results::Subject>& to_ship);

}  // namespace rtfx::gate
