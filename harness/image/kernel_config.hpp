// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/image/image.hpp"
#include "harness/image/layout.hpp"

namespace rtfx::image {

enum class Unpacks { yes, no, unknown };

/// Whether a kernel with this configuration (the text of a .config) unpacks an initrd of the
/// compression. unknown: it is no configuration.
Unpacks unpacks(std::string_view configuration, Compression compression);

/// Looks at the configuration of the kernel that the spec names: the file of its image called
/// kernel.config, kernel_config, kernel-config or config, or config-VERSION in / or /boot; for zstd
/// else the one inside of the kernel (CONFIG_IKCONFIG), if it is not compressed or by gzip. Throws
/// Error (ExitCode::usage) when it cannot unpack the initrd that the options ask for. Returns a
/// warning when that is not known and zstd was asked for.
std::vector<std::string> check_kernel(const SourceImage& kernel, const Layout& layout,
                                      const Spool& spool, const AssembleOptions& options);

}  // namespace rtfx::image
