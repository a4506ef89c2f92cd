// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "runner/plan.hpp"
#include "runner/schedule.hpp"

namespace rtfx::runner {

/// Something to execute. The steps of a plan are in the order in which one worker takes them.
struct Step {
  enum class Kind { init, unit, deinit };
  Kind kind = Kind::unit;
  std::size_t unit = 0;          ///< for Kind::unit: index into Plan::units
  const Group* group = nullptr;  ///< for the other kinds
  const Arch* arch = nullptr;
  std::vector<std::size_t> after;  ///< steps that must have ended before
  /// The init that it depends on: of its (nearest) group; for deinit: its own.
  std::optional<std::size_t> init;
};

/// What has to be executed for the units that are neither skipped nor known: their cases, and the
/// scripts of the groups around them. The plan and the tree must outlive the steps.
std::vector<Step> make_steps(const Group& tree, const Plan& plan, const std::vector<Arch>& arches);

/// The steps as the schedule wants them.
std::vector<Task> make_tasks(const std::vector<Step>& steps, const Plan& plan,
                             const RunOptions& options);

/// What the step is called in the log: the unit itself, or a group's script.
results::UnitId unit_of(const Step& step, const Plan& plan);

}  // namespace rtfx::runner
