// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/kernel/fragment.hpp"
#include "harness/kernel/series.hpp"
#include "harness/kernel/source.hpp"
#include "harness/kernel/toolchain.hpp"

namespace rtfx::kernel {

/// The fragments of a kernel in the order of merging: base, the arch's, those of the flavour; of each the shared one,
/// then the series' own.  A name for which there is no file goes to `diagnostics`.
std::vector<std::filesystem::path> fragments_of(const Series& series, const Flavour& flavour,
                                                const std::string& arch, Diagnostics& diagnostics);

/// The .config of a kernel: `make tinyconfig`, the fragments by the kernel's own merge_config.sh, `make olddefconfig`.
/// `work` is an empty folder, and of no use afterwards. Throws Error (ExitCode::usage) for wrong fragments, and for every
/// option that was asked for and did not survive.
std::string configuration(const Series& series, const Flavour& flavour, const Arch& arch,
                          const SourceTree& source, const Toolchain& tools,
                          const std::filesystem::path& work, const pkg::Steps& steps);

}  // namespace rtfx::kernel
