// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/files.hpp"
#include "harness/vm/console.hpp"

namespace rtfx::vm {

/// A file of bounded size for what a guest writes. Of more than `limit` bytes it keeps the beginning and, from finish()
/// on, a line that tells how much is left out, and the end.
class ConsoleLog {
 public:
  static constexpr std::size_t longest_end = std::size_t{1} << 20;

  /// Throws Error (ExitCode::usage) when the file cannot be written.
  ConsoleLog(const std::filesystem::path& path, std::uint64_t limit);
  void write(std::string_view bytes);
  void finish();
  /// Bytes that are in no part of the file, known after finish().
  std::uint64_t left_out() const { return left_out_; }

 private:
  std::filesystem::path path_;
  FileDescriptor file_;
  std::uint64_t room_;    ///< left for the beginning
  std::size_t end_size_;  ///< of the end
  std::string end_;       ///< at most twice that
  std::uint64_t left_out_ = 0;
};

/// The lines of a console, each with the seconds since `start` at which it began: "     1.042  [    0.000000] Linux version".
/// Escape sequences and control characters are left out, as ConsoleLines does.
class TimedLog {
 public:
  TimedLog(const std::filesystem::path& path, std::uint64_t limit) : log_(path, limit) {}
  /// What came at `seconds`.
  void write(std::string_view bytes, double seconds);
  void finish();

 private:
  void line(std::string_view text);

  ConsoleLog log_;
  ConsoleLines lines_;
  double began_ = 0;  ///< the line that has not ended
};

}  // namespace rtfx::vm
