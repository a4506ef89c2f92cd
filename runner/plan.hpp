// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "results/event.hpp"
#include "runner/run.hpp"
#include "runner/tree.hpp"

namespace rtfx::runner {

/// One (case x iteration x arch).
struct CaseUnit {
  results::UnitPlanned planned;
  const Case* test = nullptr;
  const Arch* arch = nullptr;
  std::string skip_reason;                      ///< not empty: it does not run
  std::string key;                              ///< RunOptions::key for it
  std::optional<results::UnitFinished> reused;  ///< the known result that stands for a run
};

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

/// Everything that a run consists of, before anything is started.
struct Plan {
  std::vector<CaseUnit> units;
  std::vector<Step> steps;

  /// Whether anything is selected: to be run, or known already.
  bool selects_anything() const;
};

/// `options.arches` must outlive the plan. Throws Error when the pattern matches no case, or two
/// units have one name.
Plan make_plan(const Group& tree, const RunOptions& options, const ArchTable& arches);

/// Identity of a group's script: "linuxkit.build::init".
results::UnitId group_unit(const Group& group, Step::Kind kind, const Arch& arch);

}  // namespace rtfx::runner
