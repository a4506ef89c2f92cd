// SPDX-License-Identifier: Apache-2.0
//
// Layout: the super block at 1024, behind it all inodes, each with its extended attributes and, when it fits into the
// rest of the block, the last part of its data; then the data that is left, in whole blocks. An inode is named by where it
// is, in units of 32 bytes, so sizes are settled first, then places, then everything is written in order.
#include "harness/image/erofs.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/disk/bytes.hpp"
#include "harness/image/nodes.hpp"

namespace rtfx::image {

namespace {

using disk::Bytes;

constexpr std::uint64_t block = 4096, slot = 32, super_offset = 1024, super_size = 128;
constexpr std::uint64_t inode_size = 64, dirent_size = 12;
constexpr std::uint32_t no_block = 0xffffffff;

std::uint64_t rounded(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

struct XattrPrefix {
  std::string_view prefix;
  std::uint8_t index;
  bool whole;  ///< the name is all of it
};
constexpr std::array<XattrPrefix, 5> prefixes = {{{"user.", 1, false},
                                                  {"system.posix_acl_access", 2, true},
                                                  {"system.posix_acl_default", 3, true},
                                                  {"trusted.", 4, false},
                                                  {"security.", 6, false}}};

/// Whether the name can be held; then its prefix is cut off.
const XattrPrefix* split_name(std::string_view& name) {
  for (const XattrPrefix& known : prefixes) {
    if (known.whole ? name != known.prefix : !name.starts_with(known.prefix)) continue;
    name.remove_prefix(known.prefix.size());
    return name.size() <= 255 ? &known : nullptr;
  }
  return nullptr;
}

std::string xattr_body(const Inode& inode) {
  Bytes body;
  body.zeros(12);  // no shared attributes
  for (const auto& [full_name, value] : inode.xattrs) {
    std::string_view name = full_name;
    const XattrPrefix* prefix = split_name(name);
    if (prefix == nullptr || value.size() > 0xffff) continue;
    body.u8(static_cast<std::uint8_t>(name.size())).u8(prefix->index);
    body.u16(static_cast<std::uint16_t>(value.size())).text(name).text(value);
    body.fill(rounded(body.str().size(), 4));
  }
  return body.str().size() == 12 ? "" : body.str();
}

std::uint8_t dirent_type(FileType type) {
  switch (type) {
    case FileType::regular:
      return 1;
    case FileType::directory:
      return 2;
    case FileType::character_device:
      return 3;
    case FileType::block_device:
      return 4;
    case FileType::fifo:
      return 5;
    case FileType::symlink:
      return 7;
  }
  return 0;
}

struct Place {
  std::uint64_t inode = 0;         ///< in bytes
  std::uint64_t size = 0;          ///< of the data
  std::uint32_t first = no_block;  ///< block of the data that is not inline
  bool inlined = false;            ///< the last part of the data is behind the inode
  std::uint64_t blocks() const { return inlined ? size / block : (size + block - 1) / block; }
  std::uint64_t tail() const { return inlined ? size % block : 0; }
};

class Writer {
 public:
  Writer(std::vector<Node> nodes, const Spool& spool, const Sink& sink, std::stop_token stop)
      : nodes_(std::move(nodes)),
        places_(nodes_.size()),
        spool_(spool),
        sink_(sink),
        stop_(std::move(stop)) {}

  void write() {
    settle();
    put(std::string(super_offset, '\0'));
    put(super_block());
    for (std::size_t i = 0; i < nodes_.size(); ++i) put_inode(i);
    pad_to(rounded(written_, block));
    for (std::size_t i = 0; i < nodes_.size(); ++i) put_blocks(i);
  }

 private:
  void put(std::string_view bytes) {
    sink_(bytes);
    written_ += bytes.size();
  }
  void pad_to(std::uint64_t offset) { put(std::string(offset - written_, '\0')); }

  /// The entries of a directory, "." and ".." among them, cut into blocks; calls `visit` with each range.
  template <typename Visit>
  void split(const std::vector<std::pair<std::string_view, std::uint32_t>>& entries,
             const Visit& visit) const {
    for (std::size_t from = 0; from < entries.size();) {
      std::size_t to = from;
      std::uint64_t used = 0;
      while (to < entries.size() && used + dirent_size + entries[to].first.size() <= block)
        used += dirent_size + entries[to++].first.size();
      visit(from, to, used);
      from = to;
    }
  }
  std::vector<std::pair<std::string_view, std::uint32_t>> entries_of(std::size_t number) const {
    auto entries = nodes_[number].children;
    entries.emplace_back(".", static_cast<std::uint32_t>(number));
    entries.emplace_back("..", nodes_[number].parent);
    std::sort(entries.begin(), entries.end());
    return entries;
  }
  std::uint64_t directory_size(std::size_t number) const {
    std::uint64_t size = 0;
    split(entries_of(number), [&](std::size_t, std::size_t, std::uint64_t used) {
      size = rounded(size, block) + used;
    });
    return size;
  }
  std::string directory_data(std::size_t number) const {
    const auto entries = entries_of(number);
    Bytes data;
    split(entries, [&](std::size_t from, std::size_t to, std::uint64_t) {
      data.fill(rounded(data.str().size(), block));
      std::uint64_t name_at = (to - from) * dirent_size;
      for (std::size_t i = from; i < to; ++i) {
        const auto& [name, child] = entries[i];
        data.u64(places_[child].inode / slot).u16(static_cast<std::uint16_t>(name_at));
        data.u8(dirent_type(nodes_[child].inode->type)).u8(0);
        name_at += name.size();
      }
      for (std::size_t i = from; i < to; ++i) data.text(entries[i].first);
    });
    return data.str();
  }

  void settle() {
    std::uint64_t at = super_offset + super_size;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const Inode& inode = *nodes_[i].inode;
      Place& place = places_[i];
      if (inode.type == FileType::directory) place.size = directory_size(i);
      if (inode.type == FileType::regular) place.size = inode.data.size;
      if (inode.type == FileType::symlink) place.size = inode.target.size();
      const std::uint64_t head = inode_size + xattr_body(inode).size();
      const std::uint64_t tail = place.size % block;
      place.inlined = tail > 0 && head + tail <= block;
      at = rounded(at, slot);
      const std::uint64_t all = head + place.tail();
      // What is inline must not cross a block; whatever can be is kept together.
      if (all <= block && at % block + all > block) at = rounded(at, block);
      place.inode = at;
      at += all;
    }
    std::uint64_t next = rounded(at, block) / block;
    for (Place& place : places_) {
      if (place.blocks() == 0) continue;
      place.first = static_cast<std::uint32_t>(next);
      next += place.blocks();
    }
    if (next > no_block) throw Error("the root file system needs more than 16 TiB");
    blocks_ = next;
  }

  std::string super_block() const {
    Bytes out;
    out.u32(0xe0f5e1e2).u32(0).u32(0).u8(12).u8(0);
    out.u16(static_cast<std::uint16_t>(places_[0].inode / slot)).u64(nodes_.size());
    out.u64(static_cast<std::uint64_t>(generated_mtime))
        .u32(0)
        .u32(static_cast<std::uint32_t>(blocks_));
    out.u32(0).u32(0).zeros(16).text("rtfx");
    return out.fill(super_size).str();
  }

  void put_inode(std::size_t number) {
    if (stop_.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
    const Inode& inode = *nodes_[number].inode;
    const Place& place = places_[number];
    const std::string xattrs = xattr_body(inode);
    pad_to(place.inode);
    constexpr unsigned extended = 1, plain = 0, inlined = 2;
    Bytes out;
    out.u16(static_cast<std::uint16_t>(extended | (place.inlined ? inlined : plain) << 1U));
    out.u16(static_cast<std::uint16_t>(xattrs.empty() ? 0 : (xattrs.size() - 12) / 4 + 1));
    out.u16(static_cast<std::uint16_t>(stat_mode(inode))).u16(0).u64(place.size);
    const bool device =
        inode.type == FileType::character_device || inode.type == FileType::block_device;
    out.u32(device ? device_number(inode) : place.first);
    out.u32(static_cast<std::uint32_t>(number + 1)).u32(inode.uid).u32(inode.gid);
    out.u64(static_cast<std::uint64_t>(inode.mtime)).u32(0).u32(link_count(nodes_, nodes_[number]));
    put(out.fill(inode_size).text(xattrs).str());
    if (place.tail() > 0) put_data(number, place.size - place.tail(), place.tail());
  }

  void put_blocks(std::size_t number) {
    const Place& place = places_[number];
    if (place.blocks() == 0) return;
    put_data(number, 0, std::min(place.size, place.blocks() * block));
    pad_to(rounded(written_, block));
  }

  void put_data(std::size_t number, std::uint64_t offset, std::uint64_t size) {
    const Inode& inode = *nodes_[number].inode;
    if (inode.type == FileType::symlink)
      return put(std::string_view(inode.target).substr(offset, size));
    if (inode.type == FileType::directory) return put(directory_data(number).substr(offset, size));
    std::array<char, 64 * 1024> buffer;
    while (size > 0) {
      if (stop_.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
      const std::size_t got = spool_.read_at(inode.data, offset, buffer.data(),
                                             std::min<std::uint64_t>(size, buffer.size()));
      if (got == 0) throw Error("a file's contents end early");
      put({buffer.data(), got});
      offset += got;
      size -= got;
    }
  }

  std::vector<Node> nodes_;
  std::vector<Place> places_;
  const Spool& spool_;
  const Sink& sink_;
  std::stop_token stop_;
  std::uint64_t written_ = 0, blocks_ = 0;
};

}  // namespace

std::vector<std::string> write_erofs(const Tree& tree, const Spool& spool,
                                     const std::function<bool(std::string_view)>& wanted,
                                     const Sink& sink, std::stop_token stop) {
  std::vector<std::string> warnings;
  for (const auto& [path, entry] : tree.entries()) {
    if (wanted && !wanted(path)) continue;
    std::vector<std::string> lost;
    for (const auto& [full_name, value] : tree.inode(entry).xattrs) {
      std::string_view name = full_name;
      if (split_name(name) == nullptr) lost.push_back(text::printable(full_name));
    }
    if (!lost.empty())
      warnings.push_back("/" + text::printable(path) +
                         ": EROFS cannot hold its extended attributes (" + text::join(lost, ", ") +
                         ")");
  }
  Writer(index_nodes(tree, wanted), spool, sink, std::move(stop)).write();
  return warnings;
}

}  // namespace rtfx::image
