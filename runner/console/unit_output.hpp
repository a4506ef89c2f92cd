// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/process/process.hpp"

namespace rtfx::console {

/// Cuts output into lines; a line without an end comes in pieces of 64 KiB.
class LineCutter {
 public:
  using Take = std::function<void(const std::string& line)>;
  void add(std::string_view bytes, const Take& take);
  /// What has no newline at its end.
  void end(const Take& take);

 private:
  std::string line_;
};

/// Text on disk until it may be shown.
class HeldText {
 public:
  void add(const std::string& text);
  /// Gives everything, in pieces, and forgets it.
  void release(const std::function<void(const std::string& piece)>& give);

 private:
  std::unique_ptr<FILE, int (*)(FILE*)> file_{nullptr, std::fclose};
};

/// The last bytes of output, of which there may be any amount.
class Tail {
 public:
  static constexpr std::size_t most = 8 * 1024;
  void add(std::string_view bytes);
  /// The last lines, fit to be shown; what a carriage return has overwritten is left out.
  std::vector<std::string> lines(std::size_t count) const;

 private:
  std::string bytes_;  ///< at most twice as many as are asked for
};

}  // namespace rtfx::console
