// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "harness/disk/contents.hpp"
#include "harness/disk/partitions.hpp"
#include "harness/image/spool.hpp"
#include "harness/image/tree.hpp"

namespace rtfx::image {

/// A PC's BIOS starts isolinux, which reads its configuration and the kernel from the file system.
struct IsoBios {
  std::string boot_code;  ///< isohdpfx.bin, for media that are no discs
  std::string isolinux;   ///< isolinux.bin
  std::string ldlinux;    ///< ldlinux.c32
  std::string config;
};

struct IsoOptions {
  std::function<bool(std::string_view path)> wanted{};  ///< which paths are in it; empty: all
  std::optional<IsoBios> bios{};
  std::optional<disk::Contents> efi_partition{};  ///< a FAT file system that UEFI starts from
  disk::DiskIdentity identity;
};

/// Writes the tree as an ISO 9660 file system (ECMA-119) with Rock Ridge, front to back, as disc and, when it can be
/// started, as disk: El Torito and a partition table. The bytes depend on what is given alone; all of the file system's own
/// times are 2017-04-18 16:30:00. Returns a warning for every file that loses extended attributes.
std::vector<std::string> write_iso(const Tree& tree, const Spool& spool, const IsoOptions& options,
                                   const Sink& sink, std::stop_token stop);

}  // namespace rtfx::image
