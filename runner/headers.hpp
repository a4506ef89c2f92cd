// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/error.hpp"
#include "runner/rtf_differences.hpp"
#include "runner/tree.hpp"

namespace rtfx::runner {

/// Reads the header lines of a script's text, wherever they stand. Wrong values are diagnostics;
/// `script` is the path to name in them.
Headers read_headers(std::string_view text, const std::filesystem::path& script,
                     Diagnostics& diagnostics, RtfDifferences& differences);

}  // namespace rtfx::runner
