// SPDX-License-Identifier: Apache-2.0
//
// What the kernel's make prints, read as it comes: how far it is, and why it failed. A build prints thousands of lines
// "  CC      kernel/fork.o" (Kbuild's short form), of which none helps to find the error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rtfx::kernel {

class MakeOutput {
 public:
  /// Pieces of any size.
  void add(std::string_view bytes);

  /// Steps that make has printed.
  std::size_t steps() const { return steps_; }
  /// The last one: "CC kernel/fork.o"; "" before the first.
  const std::string& step() const { return step_; }
  /// Compiler warnings seen.
  std::size_t warnings() const { return warnings_; }
  /// The lines that say why make failed: errors, those that introduce them, warnings if nothing else; in their order, at
  /// most 20. Of an output without any, its last lines.
  std::vector<std::string> reasons() const;

 private:
  void line(std::string_view line);

  std::string rest_;  ///< of a line whose end has not come
  std::size_t steps_ = 0, warnings_ = 0;
  std::string step_;
  std::vector<std::string> errors_, warning_lines_, last_;
};

}  // namespace rtfx::kernel
