// SPDX-License-Identifier: Apache-2.0
#include "harness/image/iso_boot.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "harness/disk/bytes.hpp"

namespace rtfx::image {

namespace {

using disk::Bytes;

constexpr std::uint32_t sectors_per_block = 4;
constexpr std::size_t block = 2048;

std::uint32_t word_at(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i > 0; --i)
    value = value << 8U |
            (at + i - 1 < bytes.size() ? static_cast<unsigned char>(bytes[at + i - 1]) : 0U);
  return value;
}

/// A partition without cylinders and heads.
std::string partition(bool active, std::uint8_t type, std::uint32_t first, std::uint32_t count) {
  Bytes out;
  out.u8(active ? 0x80 : 0)
      .text("\xfe\xff\xff")
      .u8(type)
      .text("\xfe\xff\xff")
      .u32(first)
      .u32(count);
  return out.str();
}

/// The catalogue's first entry says for which firmware it is; all its words add up to 0.
std::string validation_entry(std::uint8_t platform) {
  const auto build = [&](std::uint32_t checksum) {
    Bytes out;
    out.u8(1).u8(platform).zeros(26).u16(static_cast<std::uint16_t>(checksum)).u8(0x55).u8(0xaa);
    return out.str();
  };
  const std::string without = build(0);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < without.size(); i += 2)
    sum += static_cast<unsigned char>(without[i]) | static_cast<unsigned char>(without[i + 1])
                                                        << 8U;
  return build(0U - sum);
}

}  // namespace

std::string system_area(const BootPlaces& places, const disk::DiskIdentity& identity) {
  if (!places.bios && !places.efi) return "";
  Bytes out;
  if (places.bios) {
    if (places.bios->boot_code.size() > 432) throw Error("isohdpfx.bin is longer than 432 bytes");
    out.text(places.bios->boot_code).fill(432).u32(places.bios->isolinux_at * sectors_per_block);
  }
  out.fill(440).u32(identity.number("disk")).u16(0);
  // The code of isohybrid wants one active partition of any type that is all of the disk.
  constexpr std::uint8_t hidden_ntfs = 0x17, efi_system = 0xef;
  if (places.bios) {
    out.text(partition(true, hidden_ntfs, 0, places.total_blocks * sectors_per_block));
  } else {
    out.text(partition(false, efi_system, places.efi->partition_at * sectors_per_block,
                       static_cast<std::uint32_t>(places.efi->size / 512)));
  }
  return out.fill(510).u8(0x55).u8(0xaa).str();
}

std::string boot_record(std::uint32_t catalogue_at) {
  Bytes out;
  out.u8(0).text("CD001").u8(1).text("EL TORITO SPECIFICATION").fill(71).u32(catalogue_at);
  return out.fill(block).str();
}

std::string boot_catalogue(const BootPlaces& places) {
  constexpr std::uint8_t pc = 0, efi = 0xef, bootable = 0x88;
  Bytes out;
  out.text(validation_entry(places.bios ? pc : efi)).u8(bootable).u8(0).u16(0).u8(0).u8(0);
  // A BIOS loads the first 2048 bytes. To UEFI, 1 means: up to the end of the disc, as its 16 bits count no more than 32
  // MiB (UEFI 2.10, 13.3.2.1).
  if (places.bios) {
    out.u16(4).u32(places.bios->isolinux_at);
  } else if (places.efi) {
    out.u16(1).u32(places.efi->partition_at);
  }
  return out.fill(block).str();
}

std::string with_boot_information(std::string isolinux, std::uint32_t at) {
  constexpr std::size_t table = 8, end = 64;
  if (isolinux.size() < end) throw Error("isolinux.bin is too short");
  std::uint32_t sum = 0;
  for (std::size_t i = end; i < isolinux.size(); i += 4) sum += word_at(isolinux, i);
  Bytes out;
  out.u32(16).u32(at).u32(static_cast<std::uint32_t>(isolinux.size())).u32(sum).fill(end - table);
  isolinux.replace(table, end - table, out.str());
  return isolinux;
}

}  // namespace rtfx::image
