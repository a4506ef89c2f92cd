// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "results/record.hpp"

namespace rtfx::results {

/// Puts the units of several shards into the order that they would have in the run that was not
/// divided: what has no order (packages), then the init scripts of groups, the cases by
/// UnitPlanned::order, and the deinit scripts. Units of which the cases have no order stay as they
/// are.
void sort_as_planned(std::vector<UnitRecord>& units);

}  // namespace rtfx::results
