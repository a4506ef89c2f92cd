// SPDX-License-Identifier: Apache-2.0
#include "harness/disk/convert.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <numeric>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/disk/tool.hpp"

namespace rtfx::disk {

namespace {

std::string big_endian(std::uint32_t value) {
  return {static_cast<char>(value >> 24U), static_cast<char>(value >> 16U),
          static_cast<char>(value >> 8U), static_cast<char>(value)};
}

/// The footer of a VHD (Microsoft, "Virtual Hard Disk Image Format Specification", "Hard Disk Footer
/// Format"): time stamp, unique id and checksum.
void settle_vhd_footer(SparseFile& file, std::uint64_t offset, const DiskIdentity& identity) {
  constexpr std::size_t size = 512, time = 24, checksum = 64, id = 68;
  std::string footer = file.read_at(offset, size);
  if (!footer.starts_with("conectix")) throw Error("qemu-img wrote no VHD footer");
  constexpr std::uint32_t fixed_time = 1492533000 - 946684800;  // from 2000 on
  footer.replace(time, 4, big_endian(fixed_time));
  footer.replace(id, 16, identity.uuid("vhd"));
  footer.replace(checksum, 4, std::string(4, '\0'));
  const std::uint32_t sum = std::accumulate(
      footer.begin(), footer.end(), std::uint32_t{0},
      [](std::uint32_t total, char c) { return total + static_cast<unsigned char>(c); });
  footer.replace(checksum, 4, big_endian(~sum));
  file.write_at(offset, footer);
}

/// The descriptor inside of a VMDK: a text that has the content's id and the file's name.
void settle_vmdk_descriptor(SparseFile& file, const DiskIdentity& identity) {
  const std::string header = file.read_at(0, 512);
  const auto number = [&](std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 8; i > 0; --i)
      value = value << 8U | static_cast<unsigned char>(header[at + i - 1]);
    return value;
  };
  constexpr std::size_t descriptor_offset = 28, descriptor_size = 36;  // in sectors
  const std::uint64_t offset = number(descriptor_offset) * 512,
                      size = number(descriptor_size) * 512;
  if (!header.starts_with("KDMV") || size == 0 || size > (1 << 20))
    throw Error("qemu-img wrote no VMDK descriptor");
  const std::string before = file.read_at(offset, size);
  std::vector<std::string> lines = text::split(before.substr(0, before.find('\0')), '\n');
  std::array<char, 8> digits{};
  digits.fill('0');
  std::array<char, 8> shortest{};
  const auto end =
      std::to_chars(shortest.data(), shortest.data() + shortest.size(), identity.number("vmdk"), 16)
          .ptr;
  std::copy(shortest.data(), end, digits.end() - (end - shortest.data()));
  for (std::string& line : lines) {
    if (line.starts_with("CID=")) line = "CID=" + std::string(digits.data(), digits.size());
    if (line.starts_with("RW ")) line = line.substr(0, line.find('"')) + "\"disk.vmdk\"";
  }
  std::string after = text::join(lines, "\n");
  if (after.size() > size) throw Error("the VMDK descriptor has no room for a name");
  after.resize(size, '\0');
  file.write_at(offset, after);
}

std::vector<std::string> arguments_of(DiskFormat format) {
  switch (format) {
    case DiskFormat::qcow2:
      return {"-O", "qcow2", "-o", "compat=1.1,cluster_size=65536"};
    case DiskFormat::fixed_vhd:
      return {"-O", "vpc", "-o", "subformat=fixed,force_size=on"};
    case DiskFormat::dynamic_vhd:
      return {"-O", "vpc", "-o", "subformat=dynamic,force_size=on"};
    case DiskFormat::vmdk:
      return {"-O", "vmdk", "-o", "subformat=streamOptimized"};
  }
  return {};
}

}  // namespace

void convert(const SparseFile& disk, DiskFormat format, const DiskIdentity& identity,
             const std::filesystem::path& target, std::stop_token stop) {
  std::vector<std::string> arguments = {"convert", "-q", "-m", "1", "-f", "raw"};
  for (std::string& argument : arguments_of(format)) arguments.push_back(std::move(argument));
  arguments.insert(arguments.end(), {disk.path().string(), target.string()});
  run_tool({"qemu-img", "qemu-utils"}, arguments, stop);
  FileDescriptor fd(::open(target.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) throw system_error("opening " + target.string(), errno);
  SparseFile file(std::move(fd), target.filename().string());
  switch (format) {
    case DiskFormat::qcow2:
      break;
    case DiskFormat::dynamic_vhd:
      settle_vhd_footer(file, 0, identity);
      [[fallthrough]];
    case DiskFormat::fixed_vhd:
      settle_vhd_footer(file, file.size() - 512, identity);
      break;
    case DiskFormat::vmdk:
      settle_vmdk_descriptor(file, identity);
      break;
  }
}

}  // namespace rtfx::disk
