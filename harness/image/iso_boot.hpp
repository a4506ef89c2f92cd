// SPDX-License-Identifier: Apache-2.0
//
// How firmware starts an ISO: as a disc through El Torito ("El Torito" Bootable CD-ROM Format Specification 1.0), as a disk
// (a USB stick) through a partition table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/disk/partitions.hpp"

namespace rtfx::image {

/// Where things are that are started, in blocks of 2048 bytes.
struct BootPlaces {
  struct Bios {
    std::string boot_code;      ///< isohdpfx.bin
    std::uint32_t isolinux_at;  ///< isolinux.bin
  };
  struct Efi {
    std::uint32_t partition_at;
    std::uint64_t size;  ///< bytes
  };
  std::optional<Bios> bios{};
  std::optional<Efi> efi{};
  std::uint32_t total_blocks = 0;
};

/// The first 512 bytes of the medium.
std::string system_area(const BootPlaces& places, const disk::DiskIdentity& identity);
/// The volume descriptor that says where the boot catalogue is.
std::string boot_record(std::uint32_t catalogue_at);
std::string boot_catalogue(const BootPlaces& places);
/// isolinux.bin with the table in it that says where it is itself (mkisofs(8), "EL TORITO BOOT INFORMATION TABLE").
std::string with_boot_information(std::string isolinux, std::uint32_t at);

}  // namespace rtfx::image
