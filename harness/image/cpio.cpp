// SPDX-License-Identifier: Apache-2.0
#include "harness/image/cpio.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::image {

namespace {

constexpr std::size_t header_size = 110;

std::uint64_t padded(std::uint64_t size, std::uint64_t unit) {
  return (size + unit - 1) / unit * unit;
}

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

std::string header(std::string_view name, unsigned mode, const Inode& inode, std::uint32_t number,
                   std::uint32_t links, std::uint64_t size) {
  // The format has 32 bits for the time.
  const auto mtime =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(inode.mtime, 0, UINT32_MAX));
  std::string bytes = fmt::format(
      "070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{}",
      number, mode, inode.uid, inode.gid, links, mtime, size, 0, 0, inode.device_major,
      inode.device_minor, name.size() + 1, 0, name);
  bytes.resize(padded(bytes.size() + 1, 4));
  return bytes;
}

/// containers/SECTION/NAME/config.json and runtime.json, what `files:` has, and the SBOM.
bool is_of_description(const std::string& path, const Inode& inode, const Tree& tree) {
  const std::string source =
      inode.origin < tree.origins().size() ? tree.origins()[inode.origin].source : "";
  if (source == "linuxkit.files" || source == "linuxkit.sbom") return true;
  const std::string_view name = base_of(path);
  return path.starts_with("containers/") && std::count(path.begin(), path.end(), '/') == 3 &&
         (name == "config.json" || name == "runtime.json");
}

}  // namespace

std::vector<CpioEntry> cpio_order(const Tree& tree,
                                  const std::function<bool(std::string_view)>& wanted) {
  std::unordered_map<std::uint32_t, std::vector<const std::string*>> names;  // if there are several
  std::unordered_map<std::uint32_t, const std::string*> first;
  for (const auto& [path, entry] : tree.entries()) {
    if (tree.inode(entry).type != FileType::regular || !wanted(path)) continue;
    const auto [it, is_first] = first.emplace(entry.inode, &path);
    if (is_first) continue;
    auto& all = names[entry.inode];
    if (all.empty()) all.push_back(it->second);
    all.push_back(&path);
  }
  std::vector<CpioEntry> order, files, described;
  for (const auto& [path, entry] : tree.entries()) {
    if (!wanted(path)) continue;
    const Inode& inode = tree.inode(entry);
    if (inode.type != FileType::regular) {
      // The kernel joins only regular files; the further names of anything else are files of their
      // own.
      order.push_back(
          {CpioGroup::nodes, &path, &inode, inode.type == FileType::directory ? 2U : 1U, false});
      continue;
    }
    if (inode.data.size > UINT32_MAX)
      throw Error("\"/" + text::printable(path) + "\" is too big for an initrd: " +
                  std::to_string(inode.data.size) + " bytes, 4294967295 is the limit");
    if (first.at(entry.inode) != &path) continue;
    const CpioGroup group =
        is_of_description(path, inode, tree) ? CpioGroup::described : CpioGroup::files;
    auto& entries = group == CpioGroup::described ? described : files;
    const auto several = names.find(entry.inode);
    if (several == names.end()) {
      entries.push_back({group, &path, &inode, 1, false});
      continue;
    }
    const auto links = static_cast<std::uint32_t>(several->second.size());
    for (const std::string* name : several->second)
      entries.push_back({group, name, &inode, links, name != &path});
  }
  std::move(files.begin(), files.end(), std::back_inserter(order));
  std::move(described.begin(), described.end(), std::back_inserter(order));
  return order;
}

std::uint64_t contents_size(const CpioEntry& entry) {
  if (entry.further_name) return 0;
  return entry.inode->type == FileType::regular ? entry.inode->data.size
                                                : entry.inode->target.size();
}

std::uint64_t cpio_size(const CpioEntry& entry) {
  return padded(header_size + entry.path->size() + 1, 4) + padded(contents_size(entry), 4);
}

std::string cpio_header(const CpioEntry& entry, std::uint32_t number) {
  return header(*entry.path, type_bits(entry.inode->type) | entry.inode->mode, *entry.inode, number,
                entry.links, contents_size(entry));
}

std::string cpio_trailer(std::uint64_t size) {
  Inode nothing;
  nothing.mtime = 0;
  std::string bytes = header("TRAILER!!!", 0, nothing, 0, 1, 0);
  bytes.resize(padded(size + bytes.size(), 512) - size);
  return bytes;
}

}  // namespace rtfx::image
