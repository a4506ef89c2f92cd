// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/image/tree.hpp"

namespace rtfx::image {

/// A tree as writers of file systems want it: files by number, directories that know what is in them.
struct Node {
  const Inode* inode = nullptr;
  std::uint32_t parent = 0;  ///< of a directory: the node that has it; of the root: itself
  std::uint32_t names = 0;   ///< how many directories' entries name it
  /// Of a directory, sorted by the bytes of the names.
  std::vector<std::pair<std::string_view, std::uint32_t>> children;

  bool is_directory() const { return inode->type == FileType::directory; }
};

/// The nodes of a tree, number 0 is the root (mode 0755, owner 0), parents are before their children, and
/// an inode with several names is one node. `wanted` says which paths are in it; empty: all. The tree
/// must live as long.
std::vector<Node> index_nodes(const Tree& tree,
                              const std::function<bool(std::string_view path)>& wanted = {});

/// What stat() calls st_mode.
unsigned stat_mode(const Inode& inode);
/// What stat() calls st_nlink.
std::uint32_t link_count(const std::vector<Node>& nodes, const Node& node);
/// The number of a device as the kernel's new_encode_dev() has it.
std::uint32_t device_number(const Inode& inode);

}  // namespace rtfx::image
