// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "harness/image/spool.hpp"
#include "harness/image/tree.hpp"

namespace rtfx::image {

/// One member of a tar.
struct ArchiveMember {
  std::string path;  ///< normalised
  std::optional<std::string>
      hard_link;             ///< normalised path of the member that this one is a further name of
  Inode inode;               ///< unless it is a hard link
  std::uint32_t number = 0;  ///< in its archive, counted from 0
  std::optional<Sha256>
      digest;  ///< of the contents of a regular file, unless it is huge or was left out
};

/// Reads `size` bytes at an offset into the buffer, fewer only at the end.
using ReadAt = std::function<std::size_t(std::uint64_t offset, char* buffer, std::size_t size)>;

/// Where the contents of member `number` go; nullopt: they are left out.
using Place = std::function<std::optional<Extent>(std::uint32_t number, std::uint64_t size)>;

/// Calls `each` for every member of a tar (ustar, PAX, GNU; plain, gzip or zstd), in order;
/// contents are in the spool by then, which knows their digests. Names are bytes and stay as they
/// are. Throws Error for damaged archives, members that could leave the tree, types that Linux has
/// no file for, and archives that unpack to more than 64 GiB, holes of sparse files not counted.
void read_tar(const ReadAt& input, Spool& spool, std::stop_token stop,
              const std::function<void(ArchiveMember)>& each);

/// The same with contents where `place` says; the spool learns no digests.
void read_tar(const ReadAt& input, Spool& spool, const Place& place, std::stop_token stop,
              const std::function<void(ArchiveMember)>& each);

}  // namespace rtfx::image
