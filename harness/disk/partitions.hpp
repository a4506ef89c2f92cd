// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/digest.hpp"
#include "harness/disk/sparse_file.hpp"

namespace rtfx::disk {

/// Where the only partition of our disks begins, in bytes: what everybody aligns to.
inline constexpr std::uint64_t first_partition = 1 << 20;
/// Bytes behind the last partition that a GPT needs, rounded up to what everybody aligns to.
inline constexpr std::uint64_t behind_last_partition = 1 << 20;

/// Numbers that have to differ between disks, made of what is on them.
class DiskIdentity {
 public:
  explicit DiskIdentity(const Digest& contents) : contents_(contents) {}
  std::uint32_t number(const std::string& purpose) const;
  /// A UUID of version 8 (RFC 9562, 5.8) as GPT and VHD store them: 16 bytes. Text is its usual
  /// form, which has the first three fields the other way round.
  std::string uuid(const std::string& purpose) const;
  std::string uuid_text(const std::string& purpose) const;

 private:
  Digest contents_;
};

/// A partition table of the PC's kind (MBR) with one active partition, FAT32, from first_partition
/// on; `boot_code` is at most 440 bytes.
void write_mbr(SparseFile& disk, std::uint64_t partition_size, const std::string& boot_code,
               const DiskIdentity& identity);

/// A GUID partition table with one EFI system partition from first_partition on, and its copy at the
/// end of the disk, which has its final size (UEFI 2.10, 5.3).
void write_gpt(SparseFile& disk, std::uint64_t partition_size, const DiskIdentity& identity);

}  // namespace rtfx::disk
