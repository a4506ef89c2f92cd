// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "results/record.hpp"

namespace rtfx::commands {

/// A run in one object: where it is, whether it is complete, and how many of its cases ended how.
nlohmann::ordered_json run_json(const std::filesystem::path& folder, const results::RunRecord& run);

}  // namespace rtfx::commands
