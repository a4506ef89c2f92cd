// SPDX-License-Identifier: Apache-2.0
#include "harness/disk/fat.hpp"

#include <algorithm>
#include <cctype>
#include <limits>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/disk/bytes.hpp"

namespace rtfx::disk {

namespace {

constexpr std::uint64_t sector = 512;
constexpr std::uint64_t reserved_sectors = 32;
constexpr std::uint64_t mebibyte = 1 << 20;
/// With fewer clusters it would be FAT16 (page 14 of the specification, with room for those who count
/// wrongly).
constexpr std::uint64_t least_clusters = 65600;
/// Above this clusters get larger, so that the tables stay small.
constexpr std::uint64_t many_clusters = 1 << 18;
constexpr std::uint32_t end_of_chain = 0x0fffffff;
constexpr std::uint16_t fixed_date = (2017 - 1980) << 9 | 4 << 5 | 18;
constexpr std::uint16_t fixed_time = 16 << 11 | 30 << 5;
constexpr std::uint8_t attribute_volume = 0x08, attribute_directory = 0x10,
                       attribute_archive = 0x20, attribute_long_name = 0x0f;
constexpr std::string_view label = "RTFX       ";

std::uint64_t divided(std::uint64_t bytes, std::uint64_t unit) { return (bytes + unit - 1) / unit; }

/// "KERNEL     " when the name is one of 8.3 but for the case of its letters.
std::optional<std::string> short_name(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  const std::string base = name.substr(0, dot);
  const std::string extension = dot == std::string::npos ? "" : name.substr(dot + 1);
  if (base.empty() || base.size() > 8 || extension.size() > 3) return std::nullopt;
  std::string all =
      base + std::string(8 - base.size(), ' ') + extension + std::string(3 - extension.size(), ' ');
  for (char& c : all) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != ' ' && c != '-' && c != '_')
      return std::nullopt;
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return all;
}

/// A name that no other of the directory has, for programs that know no long names.
std::string made_up_name(const std::string& name, unsigned number) {
  std::string base, extension;
  const std::size_t dot = name.rfind('.');
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (std::isalnum(static_cast<unsigned char>(name[i])) == 0) continue;
    std::string& part = i > dot && dot != std::string::npos ? extension : base;
    part += static_cast<char>(std::toupper(static_cast<unsigned char>(name[i])));
  }
  const std::string tail = "~" + std::to_string(number);
  base = base.substr(0, 8 - tail.size()) + tail;
  extension = extension.substr(0, 3);
  return base + std::string(8 - base.size(), ' ') + extension +
         std::string(3 - extension.size(), ' ');
}

std::string entry(std::string_view name, std::uint8_t attributes, std::uint32_t cluster,
                  std::uint32_t size) {
  Bytes out;
  out.text(name).u8(attributes).u8(0).u8(0).u16(fixed_time).u16(fixed_date).u16(fixed_date);
  out.u16(static_cast<std::uint16_t>(cluster >> 16U)).u16(fixed_time).u16(fixed_date);
  out.u16(static_cast<std::uint16_t>(cluster & 0xffffU)).u32(size);
  return out.str();
}

/// The entries of a long name, 13 characters each, last part first.
std::string long_entries(const std::string& name, std::string_view short_form) {
  unsigned sum = 0;
  for (const char c : short_form)
    sum = (((sum & 1U) << 7U | sum >> 1U) + static_cast<unsigned char>(c)) & 0xffU;
  const std::size_t count = divided(name.size(), 13);
  const auto character = [&](std::size_t at) -> std::uint16_t {
    if (at > name.size()) return 0xffff;
    return at == name.size() ? 0 : static_cast<unsigned char>(name[at]);
  };
  std::string all;
  for (std::size_t part = count; part > 0; --part) {
    Bytes out;
    out.u8(static_cast<std::uint8_t>(part | (part == count ? 0x40U : 0U)));
    std::size_t at = (part - 1) * 13;
    for (int i = 0; i < 5; ++i) out.u16(character(at++));
    out.u8(attribute_long_name).u8(0).u8(static_cast<std::uint8_t>(sum));
    for (int i = 0; i < 6; ++i) out.u16(character(at++));
    out.u16(0);
    for (int i = 0; i < 2; ++i) out.u16(character(at++));
    all += out.str();
  }
  return all;
}

}  // namespace

/// A file or directory, with the clusters that it gets.
struct FatVolume::Node {
  bool directory = false;
  Contents contents;
  std::map<std::string, std::unique_ptr<Node>> children;
  std::uint32_t first = 0;
  std::uint32_t clusters = 0;

  /// Short name of each child. Two names that are the same but for case cannot be added.
  std::map<std::string, std::string> short_names() const {
    std::map<std::string, std::string> names;
    unsigned number = 0;
    for (const auto& [name, child] : children) {
      const auto plain = short_name(name);
      names[name] = plain ? *plain : made_up_name(name, ++number);
    }
    return names;
  }
  /// Bytes of a directory.
  std::string entries(bool is_root, std::uint32_t parent) const {
    std::string out;
    if (is_root) {
      out += entry(label, attribute_volume, 0, 0);
    } else {
      out += entry(".          ", attribute_directory, first, 0);
      out += entry("..         ", attribute_directory, parent, 0);
    }
    const auto names = short_names();
    for (const auto& [name, child] : children) {
      out += long_entries(name, names.at(name));
      out += entry(names.at(name), child->directory ? attribute_directory : attribute_archive,
                   child->first,
                   child->directory ? 0 : static_cast<std::uint32_t>(child->contents.size));
    }
    return out;
  }
  std::uint64_t bytes(bool is_root) const {
    return directory ? entries(is_root, 0).size() : contents.size;
  }
  template <typename Visit>
  void walk(const Visit& visit, const Node* parent = nullptr) {
    visit(*this, parent);
    for (auto& [name, child] : children) child->walk(visit, this);
  }
};

struct FatVolume::Geometry {
  std::uint64_t cluster_size, clusters, fat_sectors, total_sectors;
};

FatVolume::FatVolume() : root_(std::make_unique<Node>()) { root_->directory = true; }
FatVolume::~FatVolume() = default;

void FatVolume::add(const std::string& path, Contents contents) {
  if (contents.size > std::numeric_limits<std::uint32_t>::max())
    throw Error(path + " has " + std::to_string(contents.size) +
                " bytes, and a file on a FAT file system can have 4294967295");
  Node* at = root_.get();
  const std::vector<std::string> names = text::split(path, '/');
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool last = i + 1 == names.size();
    auto& child = at->children[names[i]];
    if (child == nullptr) {
      child = std::make_unique<Node>();
      child->directory = !last;
    } else if (last || !child->directory) {
      throw Error(path + " is on the FAT file system already");
    }
    at = child.get();
  }
  at->contents = std::move(contents);
}

FatVolume::Geometry FatVolume::geometry(std::uint64_t spare) const {
  Geometry g{};
  std::uint64_t needed = 0;
  for (g.cluster_size = sector;; g.cluster_size *= 2) {
    needed = divided(spare, g.cluster_size);
    root_->walk([&](const Node& node, const Node* parent) {
      needed += divided(node.bytes(parent == nullptr), g.cluster_size);
    });
    if (needed <= many_clusters || g.cluster_size == 64 * sector) break;
  }
  needed = std::max(needed, least_clusters);
  const auto fat_of = [](std::uint64_t clusters) { return divided((clusters + 2) * 4, sector); };
  g.total_sectors =
      divided((reserved_sectors + 2 * fat_of(needed)) * sector + needed * g.cluster_size,
              mebibyte) *
      (mebibyte / sector);
  // What rounding up has added is clusters, too; their tables take a little of it.
  const std::uint64_t per_cluster = g.cluster_size / sector;
  g.clusters = (g.total_sectors - reserved_sectors) / per_cluster;
  while (reserved_sectors + 2 * fat_of(g.clusters) + g.clusters * per_cluster > g.total_sectors)
    --g.clusters;
  g.fat_sectors = fat_of(g.clusters);
  if (g.total_sectors > std::numeric_limits<std::uint32_t>::max())
    throw Error("the files need more than 2 TiB, which a FAT file system cannot hold");
  return g;
}

std::uint64_t FatVolume::size(std::uint64_t spare) const {
  return geometry(spare).total_sectors * sector;
}

void FatVolume::write(SparseFile& disk, std::uint64_t offset, std::uint64_t spare,
                      std::uint32_t serial) const {
  const Geometry g = geometry(spare);
  std::uint32_t next = 2;
  root_->walk([&](Node& node, const Node* parent) {
    node.clusters =
        static_cast<std::uint32_t>(divided(node.bytes(parent == nullptr), g.cluster_size));
    node.first = node.clusters == 0 ? 0 : next;
    next += node.clusters;
  });

  Bytes boot;
  boot.text("\xeb\x58\x90").text("RTFX    ").u16(sector);
  boot.u8(static_cast<std::uint8_t>(g.cluster_size / sector)).u16(reserved_sectors).u8(2);
  boot.u16(0).u16(0).u8(0xf8).u16(0).u16(63).u16(255);
  boot.u32(static_cast<std::uint32_t>(offset / sector))
      .u32(static_cast<std::uint32_t>(g.total_sectors));
  boot.u32(static_cast<std::uint32_t>(g.fat_sectors)).u16(0).u16(0).u32(root_->first).u16(1).u16(6);
  boot.zeros(12).u8(0x80).u8(0).u8(0x29).u32(serial).text(label).text("FAT32   ");
  boot.fill(510).u8(0x55).u8(0xaa);
  Bytes info;
  info.u32(0x41615252).fill(484).u32(0x61417272);
  info.u32(static_cast<std::uint32_t>(g.clusters + 2 - next)).u32(next).fill(508).u32(0xaa550000);
  for (const std::uint64_t copy : {0, 6}) {
    disk.write_at(offset + copy * sector, boot.str());
    disk.write_at(offset + (copy + 1) * sector, info.str());
  }

  const std::uint64_t fat = offset + reserved_sectors * sector;
  const std::uint64_t data = fat + 2 * g.fat_sectors * sector;
  Bytes table;
  table.u32(0x0ffffff8).u32(end_of_chain);
  root_->walk([&](const Node& node, const Node*) {
    for (std::uint32_t i = 1; i < node.clusters; ++i) table.u32(node.first + i);
    if (node.clusters > 0) table.u32(end_of_chain);
  });
  disk.write_at(fat, table.str());
  disk.write_at(fat + g.fat_sectors * sector, table.str());

  root_->walk([&](const Node& node, const Node* parent) {
    std::uint64_t at = data + (node.first - 2ULL) * g.cluster_size;
    if (node.directory) {
      // In ".." the root is 0, wherever it is.
      const std::uint32_t above = parent == nullptr || parent == root_.get() ? 0 : parent->first;
      disk.write_at(at, node.entries(parent == nullptr, above));
    } else if (node.clusters > 0) {
      node.contents.copy_to([&](std::string_view piece) {
        disk.write_at(at, piece);
        at += piece.size();
      });
    }
  });
}

}  // namespace rtfx::disk
