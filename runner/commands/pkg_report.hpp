// SPDX-License-Identifier: Apache-2.0
//
// What `rtfx pkg build` prints.
#pragma once

#include <string_view>
#include <vector>

#include "harness/pkg/build_all.hpp"

namespace rtfx::commands {

/// One line about a unit that has ended, on stdout; why it failed on stderr.
void print_unit(const pkg::UnitResult& unit, const pkg::PlannedPackage& package);
/// What users should know of a unit, one line each on stderr.
void print_warnings(const pkg::UnitResult& unit);
/// That a unit is being built, on stderr, for a person who waits.
void print_started(const pkg::UnitResult& unit);
/// What a builder prints, on stderr, each line with the unit in front.
void print_output(const pkg::UnitResult& unit, std::string_view bytes);
/// All units, as a JSON array on stdout.
void print_json(const std::vector<pkg::UnitResult>& units);

}  // namespace rtfx::commands
