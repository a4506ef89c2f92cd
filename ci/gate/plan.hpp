// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "ci/gate/load.hpp"
#include "results/event.hpp"

namespace rtfx::gate {

/// Something that must exist and pass before anything ships.
struct Requirement {
  results::UnitId unit;  ///< kind "package", "image" or "case"
  bool blocking = true;  ///< false: of a candidate arch, which is judged but never blocks
  std::string
      obstacle;  ///< what forbids shipping it whatever its result ("uncommitted changes"); "" when nothing does
  auto operator<=>(const Requirement&) const = default;
};

/// (package | image | case) x arch: what the verdict asks for. It is derived from the input files alone, so that a
/// result that never came is noticed.
struct Plan {
  std::vector<std::string> first_class;
  std::vector<std::string> candidates;
  std::vector<Requirement> requirements;
};

/// Plans the release. A case is required on every arch that its arch labels allow, unless it wants one of the project's
/// optional labels that `labels` does not give. A case that other labels keep from running stays required: the verdict
/// will miss its result. Throws Error (ExitCode::nothing_to_run) when a suite of the gate names no case.
Plan make_plan(const Input& input, const std::string& labels);

}  // namespace rtfx::gate
