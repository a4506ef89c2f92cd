// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/files.hpp"

namespace rtfx::disk {

/// A disk image: a file that is written at any place; what nobody writes is zeros and takes no room.
class SparseFile {
 public:
  /// Takes over a file that is open for reading and writing; `name` is for messages.
  SparseFile(FileDescriptor fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}
  /// A file in `directory` that has no name, so that it is gone however the program ends.
  static SparseFile nameless(const std::filesystem::path& directory, std::string name);

  /// For new places only: where long runs of zeros go, nothing is written.
  void write_at(std::uint64_t offset, std::string_view bytes);
  std::string read_at(std::uint64_t offset, std::size_t size) const;
  void resize(std::uint64_t size);
  std::uint64_t size() const;
  /// Calls `visit` for every piece of `step` bytes (the last may be shorter) that is not all zeros.
  void visit_data(
      std::size_t step,
      const std::function<void(std::uint64_t offset, std::string_view bytes)>& visit) const;
  /// A path by which child processes can open the file while this object lives.
  std::filesystem::path path() const;
  int fd() const { return fd_.get(); }

 private:
  FileDescriptor fd_;
  std::string name_;
};

}  // namespace rtfx::disk
