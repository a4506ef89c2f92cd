// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace rtfx::registry {

/// How long the first pause between two tries is; the later ones are 4 and 16 times as long. $RTFX_RETRY_PAUSE_MS
/// (milliseconds, 0 to 60000), else 250 ms. Throws Error (ExitCode::usage) when it is something else.
std::chrono::milliseconds first_pause();

}  // namespace rtfx::registry
