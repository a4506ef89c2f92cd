// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stop_token>

#include "harness/disk/contents.hpp"
#include "harness/disk/partitions.hpp"
#include "harness/disk/sparse_file.hpp"

namespace rtfx::disk {

/// What virtual machines have disks in.
enum class DiskFormat {
  qcow2,
  fixed_vhd,    ///< all bytes, and a footer
  dynamic_vhd,  ///< grows
  vmdk,         ///< compressed (streamOptimized)
};

/// Writes `disk` in a format to the file `target`, which is there and is replaced in place, with
/// qemu-img. What qemu-img draws by lot or takes from the clock (identifiers, times, the name of the
/// file) is set from `identity` or fixed. Throws Error.
void convert(const SparseFile& disk, DiskFormat format, const DiskIdentity& identity,
             const std::filesystem::path& target, std::stop_token stop);

/// Writes `disk` as Google's Compute Engine imports it: a tar compressed by gzip with the one member
/// disk.raw, a sparse file in the old GNU format. The disk's size must be a multiple of 1 GiB.
void write_gcp(const SparseFile& disk, const Sink& sink, std::stop_token stop);

}  // namespace rtfx::disk
