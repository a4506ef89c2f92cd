// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/files.hpp"

namespace rtfx::image {

/// A run of bytes in a Spool.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// Where bytes go, piece by piece.
using Sink = std::function<void(std::string_view)>;

/// The contents of files between reading them from layers and writing them to outputs: one file
/// without a name, so nothing is left behind however the program ends. Several threads may use it
/// at once.
class Spool {
 public:
  /// Made in `directory`, which should be on a disk and not in memory.
  explicit Spool(const std::filesystem::path& directory);

  /// Reserves room, which reads as zeros until it is written.
  Extent reserve(std::uint64_t size);
  void write_at(std::uint64_t offset, std::string_view bytes);
  Extent add(std::string_view bytes);
  /// Reads up to `size` bytes at `offset` of the extent; fewer only at its end.
  std::size_t read_at(const Extent& extent, std::uint64_t offset, char* buffer,
                      std::size_t size) const;
  void copy_to(const Extent& extent, const Sink& sink) const;

 private:
  FileDescriptor fd_;
  std::atomic<std::uint64_t> end_{0};
};

}  // namespace rtfx::image
