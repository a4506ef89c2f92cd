// SPDX-License-Identifier: Apache-2.0
#include "harness/disk/partitions.hpp"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/error.hpp"
#include "harness/disk/bytes.hpp"

namespace rtfx::disk {

namespace {

constexpr std::uint64_t sector = 512;
constexpr std::uint32_t gpt_entries = 128, gpt_entry_size = 128;
constexpr std::uint64_t gpt_table_sectors = gpt_entries * gpt_entry_size / sector;
/// C12A7328-F81F-11D2-BA4B-00A0C93EC93B
constexpr std::string_view efi_system_partition(
    "\x28\x73\x2a\xc1\x1f\xf8\xd2\x11\xba\x4b\x00\xa0\xc9\x3e\xc9\x3b", 16);

std::uint32_t crc(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

std::uint32_t as_sectors(std::uint64_t bytes) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(bytes / sector, std::numeric_limits<std::uint32_t>::max()));
}

/// One entry of the table in the first sector, without cylinders and heads: 0xfeffff means "see the
/// sector numbers".
std::string mbr(const std::string& boot_code, std::uint32_t serial, bool active, std::uint8_t type,
                std::uint32_t first, std::uint32_t count) {
  Bytes out;
  out.text(boot_code).fill(440).u32(serial).u16(0);
  out.u8(active ? 0x80 : 0).text(active ? "\xfe\xff\xff" : std::string_view("\0\2\0", 3)).u8(type);
  out.text("\xfe\xff\xff").u32(first).u32(count).fill(510).u8(0x55).u8(0xaa);
  return out.str();
}

std::string gpt_header(std::uint64_t at, std::uint64_t other, std::uint64_t table_at,
                       std::uint64_t last_sector, const std::string& disk_guid,
                       std::uint32_t table_crc) {
  const auto build = [&](std::uint32_t header_crc) {
    Bytes out;
    out.text("EFI PART").u32(0x10000).u32(92).u32(header_crc).u32(0).u64(at).u64(other);
    out.u64(2 + gpt_table_sectors).u64(last_sector - gpt_table_sectors - 1).text(disk_guid);
    out.u64(table_at).u32(gpt_entries).u32(gpt_entry_size).u32(table_crc);
    return out;
  };
  return build(crc(build(0).str())).fill(sector).str();
}

}  // namespace

std::uint32_t DiskIdentity::number(const std::string& purpose) const {
  const std::string hex = Digest::of(contents_.str() + " " + purpose).hex();
  std::uint32_t value = 0;
  std::from_chars(hex.data(), hex.data() + 8, value, 16);
  return value;
}

std::string DiskIdentity::uuid(const std::string& purpose) const {
  const std::string hex = Digest::of(contents_.str() + " " + purpose).hex();
  std::string bytes;
  for (std::size_t i = 0; i < 16; ++i) {
    unsigned value = 0;
    std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, value, 16);
    bytes += static_cast<char>(value);
  }
  // The version is in the upper half of the third field, whose bytes are swapped here.
  bytes[7] = static_cast<char>((static_cast<unsigned char>(bytes[7]) & 0x0fU) | 0x80U);
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3fU) | 0x80U);
  return bytes;
}

std::string DiskIdentity::uuid_text(const std::string& purpose) const {
  const std::string bytes = uuid(purpose);
  std::string text;
  for (const int i : {3, 2, 1, 0, -1, 5, 4, -1, 7, 6, -1, 8, 9, -1, 10, 11, 12, 13, 14, 15}) {
    if (i < 0) {
      text += '-';
      continue;
    }
    constexpr const char* digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
    text += {digits[byte >> 4U], digits[byte & 15U]};
  }
  return text;
}

void write_mbr(SparseFile& disk, std::uint64_t partition_size, const std::string& boot_code,
               const DiskIdentity& identity) {
  if (boot_code.size() > 440)
    throw Error("the boot code for the first sector is longer than 440 bytes");
  constexpr std::uint8_t fat32 = 0x0c;
  disk.write_at(0, mbr(boot_code, identity.number("disk"), true, fat32, as_sectors(first_partition),
                       as_sectors(partition_size)));
}

void write_gpt(SparseFile& disk, std::uint64_t partition_size, const DiskIdentity& identity) {
  const std::uint64_t last = disk.size() / sector - 1;
  const std::uint64_t first = first_partition / sector;
  Bytes name;
  for (const char c : std::string_view("EFI System")) name.u16(static_cast<unsigned char>(c));
  Bytes table;
  table.text(efi_system_partition).text(identity.uuid("partition"));
  table.u64(first).u64(first + partition_size / sector - 1).u64(0).text(name.str());
  table.fill(gpt_entries * gpt_entry_size);

  constexpr std::uint8_t protective = 0xee;
  disk.write_at(0, mbr("", 0, false, protective, 1, as_sectors(last * sector)));
  const std::uint32_t table_crc = crc(table.str());
  const std::string guid = identity.uuid("disk");
  disk.write_at(sector, gpt_header(1, last, 2, last, guid, table_crc));
  disk.write_at(2 * sector, table.str());
  disk.write_at((last - gpt_table_sectors) * sector, table.str());
  disk.write_at(last * sector,
                gpt_header(last, 1, last - gpt_table_sectors, last, guid, table_crc));
}

}  // namespace rtfx::disk
