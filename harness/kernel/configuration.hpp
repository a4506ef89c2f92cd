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
/// That takes seconds to a minute, so it is kept in `folder`, which is the kernel's own, for as long as nothing that it is
/// made of has changed. Several may ask at once. Throws Error (ExitCode::usage) for wrong fragments, and for every option
/// that was asked for and did not survive; then nothing is kept.
std::string configuration(const Series& series, const Flavour& flavour, const Arch& arch,
                          const SourceTree& source, const Toolchain& tools,
                          const std::filesystem::path& folder, const pkg::Steps& steps);

}  // namespace rtfx::kernel
