// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "results/record.hpp"

namespace rtfx::results {

/// Reads a SUMMARY.json of rtfx or of rtf back into what it knows: names, results, durations,
/// benchmarks, the machine.
RunRecord read_summary(const std::filesystem::path& file);

}  // namespace rtfx::results
