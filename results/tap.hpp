// SPDX-License-Identifier: Apache-2.0
//
// TAP 14 (https://testanything.org/tap-version-14-specification.html): a test point is printed as soon
// as its unit ends.
#pragma once

#include <cstddef>
#include <string>

#include "results/record.hpp"

namespace rtfx::results {

/// "TAP version 14" and the plan: "1..COUNT". Without tests the plan says that everything is skipped.
std::string tap_header(std::size_t count);

/// The test point of one unit: "ok 3 - name (arch)", and a YAML diagnostic for all but a plain pass.
/// A skipped unit, and a cancelled one, which could not be decided, are "ok ... # SKIP REASON"; what
/// failed, or has no result, or was interrupted, is "not ok".
std::string tap_line(std::size_t number, const UnitRecord& unit);

/// For a run that ends before its plan.
std::string tap_bail_out(const std::string& reason);

}  // namespace rtfx::results
