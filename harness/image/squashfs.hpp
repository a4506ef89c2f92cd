// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string_view>

#include "harness/image/format.hpp"
#include "harness/image/spool.hpp"
#include "harness/image/tree.hpp"

namespace rtfx::image {

/// Writes the tree as a squashfs to the file `target` (which is replaced in place) with sqfstar, which reads a tar from a
/// pipe: nothing is unpacked, and extended attributes survive. The bytes depend on the tree, the compression and
/// sqfstar's version alone. `wanted` says which paths are in it. Throws Error; ExitCode::host when sqfstar is
/// not installed.
void write_squashfs(const Tree& tree, const Spool& spool,
                    const std::function<bool(std::string_view)>& wanted, Compression compression,
                    const std::filesystem::path& target, std::stop_token stop);

}  // namespace rtfx::image
