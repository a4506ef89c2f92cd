// SPDX-License-Identifier: Apache-2.0
#pragma once

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
  std::string error_reason;                     ///< not empty: it should run, but cannot
  std::string key;                              ///< RunOptions::key for it
  std::optional<results::UnitFinished> reused;  ///< the known result that stands for a run

  bool needs_run() const { return skip_reason.empty() && error_reason.empty() && !reused; }
};

/// Everything that a run is about, before anything is started.
struct Plan {
  std::vector<CaseUnit> units;

  /// Whether anything is selected: to be run, or known already.
  bool selects_anything() const;
};

/// `options.arches` must outlive the plan. Throws Error when nothing is selected, or two units have
/// one name.
Plan make_plan(const Group& tree, const RunOptions& options, const ArchTable& arches);

}  // namespace rtfx::runner
