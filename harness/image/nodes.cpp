// SPDX-License-Identifier: Apache-2.0
#include "harness/image/nodes.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "base/error.hpp"

namespace rtfx::image {

namespace {

const Inode& root_inode() {
  static const Inode root = [] {
    Inode inode;
    inode.type = FileType::directory;
    inode.mode = 0755;
    return inode;
  }();
  return root;
}

}  // namespace

std::vector<Node> index_nodes(const Tree& tree,
                              const std::function<bool(std::string_view path)>& wanted) {
  std::vector<Node> nodes(1);
  nodes[0].inode = &root_inode();
  std::unordered_map<std::string_view, std::uint32_t> directories{{"", 0}};
  std::unordered_map<std::uint32_t, std::uint32_t> numbers;  // inode -> node
  for (const auto& [path, entry] : tree.entries()) {
    if (wanted && !wanted(path)) continue;
    const std::string_view whole = path;
    const std::size_t slash = whole.rfind('/');
    const bool at_top = slash == std::string_view::npos;
    const auto parent = directories.find(at_top ? std::string_view() : whole.substr(0, slash));
    if (parent == directories.end())
      throw Error("/" + path + " has no directory: this is a bug of rtfx");
    const auto [known, is_new] =
        numbers.emplace(entry.inode, static_cast<std::uint32_t>(nodes.size()));
    if (is_new) {
      nodes.emplace_back();
      nodes.back().inode = &tree.inode(entry);
      nodes.back().parent = parent->second;
    }
    const std::uint32_t number = known->second;
    ++nodes[number].names;
    nodes[parent->second].children.emplace_back(at_top ? whole : whole.substr(slash + 1), number);
    if (nodes[number].is_directory()) directories.emplace(whole, number);
  }
  for (Node& node : nodes) std::sort(node.children.begin(), node.children.end());
  return nodes;
}

unsigned stat_mode(const Inode& inode) {
  switch (inode.type) {
    case FileType::regular:
      return inode.mode | 0100000;
    case FileType::directory:
      return inode.mode | 0040000;
    case FileType::symlink:
      return inode.mode | 0120000;
    case FileType::character_device:
      return inode.mode | 0020000;
    case FileType::block_device:
      return inode.mode | 0060000;
    case FileType::fifo:
      return inode.mode | 0010000;
  }
  return 0;
}

std::uint32_t device_number(const Inode& inode) {
  return (inode.device_minor & 0xffU) | inode.device_major << 8U |
         (inode.device_minor & ~0xffU) << 12U;
}

std::uint32_t link_count(const std::vector<Node>& nodes, const Node& node) {
  if (!node.is_directory()) return node.names;
  return 2 + static_cast<std::uint32_t>(std::count_if(
                 node.children.begin(), node.children.end(),
                 [&](const auto& child) { return nodes[child.second].is_directory(); }));
}

}  // namespace rtfx::image
