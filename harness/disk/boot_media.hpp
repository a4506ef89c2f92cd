// SPDX-License-Identifier: Apache-2.0
//
// Disks that firmware starts from: a partition table and a FAT file system with a boot loader, a kernel,
// an initrd and a command line. How they are laid out: docs/image-formats.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

#include "base/digest.hpp"
#include "harness/disk/contents.hpp"
#include "harness/disk/sparse_file.hpp"

namespace rtfx::disk {

/// What a medium starts.
struct BootParts {
  Contents kernel;
  std::optional<Contents> initrd;
  std::string cmdline;  ///< one line
  Digest digest;        ///< of all of them; the medium's identifiers come from it
};

/// A boot loader for UEFI: systemd-boot of an arch.
struct EfiLoader {
  std::string efi;             ///< "x64", see Arch
  std::filesystem::path file;  ///< systemd-bootx64.efi
};

/// Makes `disk` (a new, empty file) one that a PC's BIOS starts: MBR, FAT32, syslinux. With `size` the
/// disk has that many bytes, and what the partition does not need is left free; 0: as small as it can be.
/// Throws Error when that is too small, or syslinux is not installed.
void write_bios_disk(SparseFile& disk, const BootParts& parts, std::uint64_t size,
                     std::stop_token stop);

/// The same for UEFI: GPT, EFI system partition, systemd-boot.
void write_efi_disk(SparseFile& disk, const BootParts& parts, const EfiLoader& loader,
                    std::uint64_t size, std::stop_token stop);

/// Only the EFI system partition, for a medium that has partitions of its own.
void write_efi_partition(SparseFile& file, const BootParts& parts, const EfiLoader& loader);

/// "DEFAULT linux ...": what syslinux and isolinux read.
std::string syslinux_config(const std::string& kernel, const std::string& initrd,
                            const std::string& cmdline);

}  // namespace rtfx::disk
