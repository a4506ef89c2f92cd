// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/disk_format.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/error.hpp"
#include "base/files.hpp"
#include "fmt/format.h"

namespace rtfx::vm {

namespace {

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  const char* format;
};
using namespace std::string_view_literals;
constexpr std::array magics = {
    Magic{0, "QFI\xfb\0\0\0\1"sv, "qcow"},        // qemu docs/interop/qcow2.txt: a version follows
    Magic{0, "QFI\xfb"sv, "qcow2"},               //
    Magic{0, "QED\0"sv, "qed"},                   // qemu docs/interop/qed_spec.txt
    Magic{0, "KDMV"sv, "vmdk"},                   // a sparse extent
    Magic{0, "# Disk DescriptorFile"sv, "vmdk"},  // a descriptor beside its extents
    Magic{0, "conectix"sv, "vpc"},                // dynamic: the footer's copy
    Magic{0, "vhdxfile"sv, "vhdx"},               //
    Magic{64, "\x7f\x10\xda\xbe"sv, "vdi"},       //
};
constexpr std::string_view vhd_footer = "conectix";  // fixed: only in the last sector
constexpr std::size_t sector = 512;
constexpr off_t iso_descriptor =
    16 * 2048;  // ECMA-119, 8.1: the volume descriptors begin at sector 16

std::string bytes_at(int file, off_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  const ssize_t got = ::pread(file, bytes.data(), size, offset);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

FileDescriptor open_readable(const fs::path& file, const std::string& what) {
  const auto bad = [&](const std::string& why) {
    return Error(fmt::format("cannot read the {} {}: {}", what, file.string(), why),
                 ExitCode::usage);
  };
  // A FIFO would wait for its writer.
  FileDescriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!opened) throw bad(std::strerror(errno));
  struct stat status {};
  if (::fstat(opened.get(), &status) != 0) throw bad(std::strerror(errno));
  if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
    throw Error(fmt::format("the {} {} is no file", what, file.string()), ExitCode::usage);
  return opened;
}

}  // namespace

FileContent look_into(const fs::path& path, const std::string& what) {
  const FileDescriptor file = open_readable(path, what);
  const std::string head = bytes_at(file.get(), 0, sector);
  if (head.empty())
    throw Error(fmt::format("the {} {} is empty", what, path.string()), ExitCode::usage);
  FileContent content;
  content.iso = bytes_at(file.get(), iso_descriptor + 1, 5) == "CD001";
  for (const Magic& magic : magics) {
    if (head.compare(magic.offset < head.size() ? magic.offset : head.size(), magic.bytes.size(),
                     magic.bytes) != 0)
      continue;
    content.format = magic.format;
    return content;
  }
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  content.boot_sector = head.size() == sector && head.ends_with("\x55\xaa");
  // A disk whose guest has written such a footer is still a disk of whole sectors with a table of partitions.
  if (size > static_cast<off_t>(sector) &&
      bytes_at(file.get(), size - static_cast<off_t>(sector), vhd_footer.size()) == vhd_footer)
    content.format = "vpc";
  return content;
}

void check_readable(const fs::path& path, const std::string& what) { open_readable(path, what); }

}  // namespace rtfx::vm
