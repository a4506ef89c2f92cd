// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "harness/image/spool.hpp"
#include "harness/image/tree.hpp"

namespace rtfx::image {

/// Writes the tree as an EROFS file system without compression (Linux, Documentation/filesystems/erofs.rst and
/// fs/erofs/erofs_fs.h), front to back. Linux 5.4 and later reads it. The bytes depend on the tree alone; no tool
/// and no root is needed. `wanted` says which paths are in it. Returns a warning for every file whose extended attributes
/// it cannot hold: those in no namespace that Linux knows.
std::vector<std::string> write_erofs(const Tree& tree, const Spool& spool,
                                     const std::function<bool(std::string_view)>& wanted,
                                     const Sink& sink, std::stop_token stop);

}  // namespace rtfx::image
