// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stop_token>
#include <string_view>

#include "harness/image/spool.hpp"
#include "harness/image/tree.hpp"

namespace rtfx::image {

/// Writes the entries that `wanted` accepts as a cpio archive of the kind that the kernel unpacks
/// ("newc", Linux: Documentation/driver-api/early-userspace/buffer-format.rst), padded to 512
/// bytes. Inode numbers are unique; files with several names share one, and the first name has the
/// contents. Extended attributes have no place in it. Throws Error for files of 4 GiB and more.
void write_cpio(const Tree& tree, const Spool& spool,
                const std::function<bool(std::string_view)>& wanted, const Sink& sink,
                std::stop_token stop);

}  // namespace rtfx::image
