// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/disk/contents.hpp"
#include "harness/disk/sparse_file.hpp"

namespace rtfx::disk {

/// A FAT32 file system that is written once (Microsoft, "FAT: General Overview of On-Disk Format",
/// 1.03). Its bytes are a function of what is added and of the arguments of write(); all times are
/// 2017-04-18 16:30:00. There is no tool in between, so every host writes the same.
class FatVolume {
 public:
  FatVolume();
  FatVolume(const FatVolume&) = delete;
  FatVolume& operator=(const FatVolume&) = delete;
  ~FatVolume();

  /// Adds a file, "EFI/BOOT/BOOTX64.EFI", and the directories above it. Throws Error when it is 4 GiB
  /// or larger, which FAT cannot hold, or there already. Names are ASCII.
  void add(const std::string& path, Contents contents);

  /// Bytes that the file system needs with `spare` bytes left free: a multiple of 1 MiB. FAT32 needs
  /// some 33 MiB at least.
  std::uint64_t size(std::uint64_t spare) const;
  /// Writes the file system of size(spare) at `offset` of the disk, a multiple of 512.
  void write(SparseFile& disk, std::uint64_t offset, std::uint64_t spare,
             std::uint32_t serial) const;

 private:
  struct Node;
  struct Geometry;
  Geometry geometry(std::uint64_t spare) const;
  std::unique_ptr<Node> root_;
};

}  // namespace rtfx::disk
