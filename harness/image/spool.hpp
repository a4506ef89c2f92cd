// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "harness/image/build_cache.hpp"

namespace rtfx::image {

class Tree;

/// A run of bytes in a Spool.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// Where bytes go, piece by piece.
using Sink = std::function<void(std::string_view)>;

/// The 32 bytes of a SHA-256 digest.
using Sha256 = std::array<char, 32>;
Sha256 sha256_of(const Digest& digest);

/// The contents of files between reading them from layers and writing them to outputs: one file
/// without a name, so nothing is left behind however the program ends. Contents that are known by
/// their digest come into it when they are first read. Several threads may use it at once.
class Spool {
 public:
  /// Made in `directory`, which should be on a disk and not in memory. `cache`, if any, must live
  /// longer; read_members, flatten and write_initrd use it.
  explicit Spool(const std::filesystem::path& directory, const BuildCache* cache = nullptr);

  const BuildCache* cache() const { return cache_; }

  /// Reserves room, which reads as zeros until it is written.
  Extent reserve(std::uint64_t size);
  /// Reserves room that `load` writes when something in it is first read.
  Extent reserve(std::uint64_t size, std::function<void()> load);
  /// Bytes go to reserved room once; what is left out is zero.
  void write_at(std::uint64_t offset, std::string_view bytes);
  Extent add(std::string_view bytes);

  /// Remembers the digest of a file's contents.
  void know(const Extent& extent, const Sha256& digest);
  /// The digest of a file's contents: remembered, else computed.
  Sha256 digest(const Extent& extent) const;
  std::optional<Sha256> known_digest(const Extent& extent) const;

  /// The members of a tar in the spool, once they are read (layers.hpp).
  void set_members(const Extent& tar, std::shared_ptr<const Tree> members);
  std::shared_ptr<const Tree> members(const Extent& tar) const;

  /// Brings in what these contents need, several images at a time.
  void load(const std::vector<Extent>& extents) const;
  /// Brings in this one file and not the others of its image, if the cache has it; keeps it there
  /// if not.
  void fetch(const Extent& extent) const;
  /// Whether an image was read: one that was not listed, or contents that were loaded.
  bool has_read() const { return has_read_; }
  void mark_read() const { has_read_ = true; }

  /// Reads up to `size` bytes at `offset` of the extent; fewer only at its end.
  std::size_t read_at(const Extent& extent, std::uint64_t offset, char* buffer,
                      std::size_t size) const;
  void copy_to(const Extent& extent, const Sink& sink) const;

 private:
  struct Room;  // that is loaded when it is needed
  std::shared_ptr<Room> room_of(const Extent& extent) const;
  void load_room(Room& room) const;
  void put(std::uint64_t offset, std::string_view bytes) const;

  FileDescriptor fd_;
  const BuildCache* cache_;
  std::atomic<std::uint64_t> end_{0};
  mutable std::atomic<bool> has_read_{false};
  mutable std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<Room>> rooms_;  // by offset
  std::unordered_map<std::uint64_t, Sha256> digests_;     // by offset; of files that have bytes
  std::map<std::uint64_t, std::shared_ptr<const Tree>> members_;  // by offset of the tar
};

}  // namespace rtfx::image
