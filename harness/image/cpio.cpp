// SPDX-License-Identifier: Apache-2.0
#include "harness/image/cpio.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::image {

namespace {

unsigned type_bits(FileType type) {
  switch (type) {
    case FileType::regular:
      return 0100000;
    case FileType::directory:
      return 0040000;
    case FileType::symlink:
      return 0120000;
    case FileType::character_device:
      return 0020000;
    case FileType::block_device:
      return 0060000;
    case FileType::fifo:
      return 0010000;
  }
  return 0;
}

/// The archive under construction.
class Writer {
 public:
  explicit Writer(const Sink& sink) : sink_(sink) {}

  void header(std::string_view name, unsigned mode, const Inode& inode, std::uint32_t number,
              std::uint32_t links, std::uint64_t size) {
    // The format has 32 bits for the time.
    const auto mtime =
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(inode.mtime, 0, UINT32_MAX));
    put(fmt::format(
        "070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}",
        number, mode, inode.uid, inode.gid, links, mtime, size, 0, 0, inode.device_major,
        inode.device_minor, name.size() + 1, 0));
    put(name);
    put(std::string_view("\0", 1));
    pad(4);
  }
  void put(std::string_view bytes) {
    sink_(bytes);
    written_ += bytes.size();
  }
  void pad(std::size_t unit) {
    static constexpr char zeros[512] = {};
    put({zeros, (unit - written_ % unit) % unit});
  }

 private:
  const Sink& sink_;
  std::uint64_t written_ = 0;
};

}  // namespace

void write_cpio(const Tree& tree, const Spool& spool,
                const std::function<bool(std::string_view)>& wanted, const Sink& sink,
                std::stop_token stop) {
  std::map<std::uint32_t, std::uint32_t> links;
  for (const auto& [path, entry] : tree.entries()) {
    if (wanted(path)) ++links[entry.inode];
  }
  Writer writer(sink);
  std::map<std::uint32_t, std::uint32_t> numbers;  // of the files with several names
  std::uint32_t next = 1;
  for (const auto& [path, entry] : tree.entries()) {
    if (!wanted(path)) continue;
    if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
    const Inode& inode = tree.inode(entry);
    const unsigned mode = type_bits(inode.type) | inode.mode;
    const bool regular = inode.type == FileType::regular;
    const std::uint32_t names = links[entry.inode];
    const auto known = numbers.find(entry.inode);
    if (known != numbers.end()) {
      writer.header(path, mode, inode, known->second, names, 0);
      continue;
    }
    const std::uint32_t number = next++;
    // The kernel joins only regular files; the further names of anything else are files of their
    // own.
    if (regular && names > 1) numbers.emplace(entry.inode, number);
    const std::uint64_t size = regular ? inode.data.size : inode.target.size();
    if (size > UINT32_MAX)
      throw Error("\"/" + text::printable(path) + "\" is too big for an initrd: " +
                  std::to_string(size) + " bytes, 4294967295 is the limit");
    writer.header(path, mode, inode, number,
                  inode.type == FileType::directory ? 2
                  : regular                         ? names
                                                    : 1,
                  size);
    if (regular) {
      spool.copy_to(inode.data, [&](std::string_view bytes) { writer.put(bytes); });
    } else {
      writer.put(inode.target);
    }
    writer.pad(4);
  }
  Inode trailer;
  trailer.mtime = 0;
  writer.header("TRAILER!!!", 0, trailer, 0, 1, 0);
  writer.pad(512);
}

}  // namespace rtfx::image
