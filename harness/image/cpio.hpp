// SPDX-License-Identifier: Apache-2.0
//
// The archive of the kind that the kernel unpacks: cpio, "newc" (Linux:
// Documentation/driver-api/early-userspace/buffer-format.rst).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/image/tree.hpp"

namespace rtfx::image {

/// What an initrd has one after the other: what has no contents, so that every directory is there
/// before what is in it; files; files that change with the description of the image and not with
/// what it is made of.
enum class CpioGroup { nodes, files, described };

/// A member of the archive. Points into a Tree.
struct CpioEntry {
  CpioGroup group = CpioGroup::nodes;
  const std::string* path = nullptr;
  const Inode* inode = nullptr;
  std::uint32_t links = 1;    ///< as the header has it
  bool further_name = false;  ///< of the entry before it: no contents
};

/// The entries that `wanted` accepts, group by group; within each by path, but all names of one
/// file follow each other. Throws Error for files of 4 GiB and more.
std::vector<CpioEntry> cpio_order(const Tree& tree,
                                  const std::function<bool(std::string_view)>& wanted);

/// Bytes of the contents.
std::uint64_t contents_size(const CpioEntry& entry);
/// Bytes of the whole member, a multiple of 4.
std::uint64_t cpio_size(const CpioEntry& entry);
/// All of the member before its contents. Contents are padded to a multiple of 4 with zeros.
std::string cpio_header(const CpioEntry& entry, std::uint32_t number);
/// The end of an archive that has `size` bytes so far; pads to 512.
std::string cpio_trailer(std::uint64_t size);

}  // namespace rtfx::image
