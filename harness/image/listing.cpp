// SPDX-License-Identifier: Apache-2.0
#include "harness/image/listing.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "base/error.hpp"

namespace rtfx::image {

namespace {

/// Numbers are little-endian, strings have their length in front.
class Writer {
 public:
  template <typename Number>
  void number(Number value) {
    auto bits = static_cast<std::make_unsigned_t<Number>>(value);
    for (std::size_t i = 0; i < sizeof bits; ++i) {
      bytes_ += static_cast<char>(bits & 0xff);
      bits = static_cast<decltype(bits)>(static_cast<std::uint64_t>(bits) >> 8);
    }
  }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes_ += value;
  }
  void raw(std::string_view value) { bytes_ += value; }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <typename Number>
  Number number() {
    const std::string_view taken = raw(sizeof(Number));
    std::uint64_t bits = 0;
    for (std::size_t i = taken.size(); i-- > 0;)
      bits = bits << 8 | static_cast<unsigned char>(taken[i]);
    return static_cast<Number>(bits);
  }
  std::string text() { return std::string(raw(number<std::uint32_t>())); }
  std::string_view raw(std::size_t size) {
    if (size > bytes_.size()) throw Error("the listing is damaged");
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  bool at_end() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

bool has_contents(const Inode& inode) {
  return inode.type == FileType::regular && inode.data.size > 0;
}

void write_inode(Writer& writer, const Inode& inode) {
  writer.number(static_cast<std::uint8_t>(inode.type));
  writer.number(inode.mode);
  writer.number(inode.uid);
  writer.number(inode.gid);
  writer.number(inode.mtime);
  writer.text(inode.target);
  writer.number(inode.device_major);
  writer.number(inode.device_minor);
  writer.number(static_cast<std::uint32_t>(inode.xattrs.size()));
  for (const auto& [name, value] : inode.xattrs) {
    writer.text(name);
    writer.text(value);
  }
  writer.number(inode.data.size);
}

Inode read_inode(Reader& reader) {
  Inode inode;
  const auto type = reader.number<std::uint8_t>();
  if (type > static_cast<std::uint8_t>(FileType::fifo)) throw Error("the listing is damaged");
  inode.type = static_cast<FileType>(type);
  inode.mode = reader.number<unsigned>();
  inode.uid = reader.number<std::uint32_t>();
  inode.gid = reader.number<std::uint32_t>();
  inode.mtime = reader.number<std::int64_t>();
  inode.target = reader.text();
  inode.device_major = reader.number<std::uint32_t>();
  inode.device_minor = reader.number<std::uint32_t>();
  for (auto left = reader.number<std::uint32_t>(); left > 0; --left) {
    std::string name = reader.text();
    inode.xattrs[std::move(name)] = reader.text();
  }
  inode.data.size = reader.number<std::uint64_t>();
  return inode;
}

}  // namespace

std::string format_listing(const Tree& tree, const Members& members, const Spool& spool) {
  Writer inodes, entries;
  std::unordered_map<std::uint32_t, std::uint32_t> numbers;
  for (const auto& [path, entry] : tree.entries()) {
    const auto [number, is_new] =
        numbers.emplace(entry.inode, static_cast<std::uint32_t>(numbers.size()));
    entries.text(path);
    entries.number(number->second);
    entries.number(entry.layer);
    if (!is_new) continue;
    const Inode& inode = tree.inode(entry);
    write_inode(inodes, inode);
    if (!has_contents(inode)) continue;
    const auto member = members.find(inode.data.offset);
    const auto digest = spool.known_digest(inode.data);
    if (member == members.end() || !digest) return {};
    inodes.number(member->second.layer);
    inodes.number(member->second.number);
    inodes.raw({digest->data(), digest->size()});
  }
  Writer listing;
  listing.number(static_cast<std::uint32_t>(numbers.size()));
  listing.number(static_cast<std::uint32_t>(tree.entries().size()));
  return listing.take() + inodes.take() + entries.take();
}

Tree parse_listing(std::string_view bytes, Spool& spool,
                   const std::function<void(const std::vector<Placement>&)>& load) {
  Reader reader(bytes);
  Tree tree;
  tree.add_origin({});
  const auto inode_count = reader.number<std::uint32_t>();
  const auto entry_count = reader.number<std::uint32_t>();
  std::vector<Inode> inodes;
  auto placements = std::make_shared<std::vector<Placement>>();
  std::uint64_t size = 0;
  for (std::uint32_t i = 0; i < inode_count; ++i) {
    inodes.push_back(read_inode(reader));
    Inode& inode = inodes.back();
    if (!has_contents(inode)) continue;
    Placement placement;
    placement.member.layer = reader.number<std::uint32_t>();
    placement.member.number = reader.number<std::uint32_t>();
    const std::string_view digest = reader.raw(placement.digest.size());
    std::copy(digest.begin(), digest.end(), placement.digest.begin());
    inode.data.offset = size;
    placement.extent = inode.data;
    placements->push_back(placement);
    if (inode.data.size > std::numeric_limits<std::uint64_t>::max() - size)
      throw Error("the listing is damaged");
    size += inode.data.size;
  }
  const Extent room = spool.reserve(size, [placements, load] { load(*placements); });
  for (Placement& placement : *placements) {
    placement.extent.offset += room.offset;
    spool.know(placement.extent, placement.digest);
  }
  for (Inode& inode : inodes) {
    if (has_contents(inode)) inode.data.offset += room.offset;
    tree.append(std::move(inode));
  }
  for (std::uint32_t i = 0; i < entry_count; ++i) {
    std::string path = reader.text();
    Tree::Entry entry;
    entry.inode = reader.number<std::uint32_t>();
    entry.layer = reader.number<int>();
    if (entry.inode >= inode_count) throw Error("the listing is damaged");
    tree.name(std::move(path), entry);
  }
  if (!reader.at_end()) throw Error("the listing is damaged");
  return tree;
}

}  // namespace rtfx::image
