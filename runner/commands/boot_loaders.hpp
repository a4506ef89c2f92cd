// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "base/arch.hpp"

namespace rtfx::commands {

/// The file of a Debian package for an arch: the host's own when it has it, else from the archive that the
/// host's apt knows (or RTFX_DEBIAN_MIRROR), whose signature is checked. What was fetched stays in
/// `cache`/boot-loaders and is used again without asking. `file` is absolute, as the package has it.
/// Throws Error (ExitCode::host) that says what to do when it can be had from neither.
std::filesystem::path find_boot_loader(const Arch& arch, const std::string& debian_package,
                                       const std::filesystem::path& file,
                                       const std::filesystem::path& cache, std::stop_token stop);

}  // namespace rtfx::commands
