// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "harness/kernel/make_output.hpp"

namespace rtfx::commands {

/// One line at the bottom of a terminal (standard error) that says how far a kernel is:
///
///     kernel:6.12 arm64  1204 of about 1830 steps, 3 warnings  CC net/ipv4/tcp.o
///
/// How many steps there will be is known from the last build of the same kernel.
class KernelProgress {
 public:
  /// `steps`: the file that remembers.
  explicit KernelProgress(std::filesystem::path steps);
  KernelProgress(const KernelProgress&) = delete;
  KernelProgress& operator=(const KernelProgress&) = delete;
  ~KernelProgress();

  /// What the build of a kernel ("kernel:6.12 arm64") prints.
  void add(const std::string& kernel, std::string_view bytes);
  /// Clears the line, for what is printed about its end. `built`: it came to a good one.
  void end(const std::string& kernel, bool built);

 private:
  void show(const std::string& kernel);
  void clear();

  std::filesystem::path file_;
  std::map<std::string, std::size_t> known_;  ///< steps of the last build, by kernel
  kernel::MakeOutput output_;
  std::chrono::steady_clock::time_point shown_at_;
  bool shown_ = false;
};

}  // namespace rtfx::commands
