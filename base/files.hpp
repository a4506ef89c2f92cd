// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace rtfx {

namespace fs = std::filesystem;

/// An owned file descriptor; closed on destruction.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  /// Gives the descriptor away; this object then owns none.
  int release() { return std::exchange(fd_, -1); }
  void close();

 private:
  int fd_ = -1;
};

/// The whole file. Throws Error ("reading PATH: No such file or directory").
std::string read_file(const fs::path& path);
/// Writes through a temporary file beside it, fsync and rename: readers see the old bytes or the new, never a part.
/// Missing parent directories are made.
void write_file_atomically(const fs::path& path, std::string_view bytes, unsigned mode = 0644);
/// Writes all of `bytes` to the descriptor. Throws Error.
void write_all(int fd, std::string_view bytes, const std::string& name);

/// A private directory, removed with everything in it on destruction.
class TemporaryDirectory {
 public:
  /// Made in `parent`, or in $TMPDIR or /tmp when that is empty.
  explicit TemporaryDirectory(const std::string& prefix = "rtfx", const fs::path& parent = {});
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// An exclusive advisory lock (flock) on a file, held until destruction; waits for its turn.
class FileLock {
 public:
  explicit FileLock(const fs::path& path);

 private:
  FileDescriptor fd_;
};

/// ${XDG_CACHE_HOME:-~/.cache}/rtfx. Not created. Throws Error when neither variable is set.
fs::path cache_directory();
/// An environment variable, or `fallback` when it is not set or empty.
std::string environment(const char* name, std::string_view fallback = "");

}  // namespace rtfx
