// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace rtfx::runner {

/// The running program, as scripts find it in $RTFX.
std::filesystem::path own_program();

/// The folder with lib.sh and utils/: $RTFX_SHARE, else ../share/rtfx beside the program's folder,
/// else share/rtfx of the source that it was built from. Throws Error (ExitCode::host) when there
/// is none.
std::filesystem::path share_directory();

}  // namespace rtfx::runner
