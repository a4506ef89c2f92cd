// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/vm/ending.hpp"

namespace rtfx::vm {

/// What a line of the console says about the kernel.
struct KernelTrouble {
  BootEnding ending;
  std::string_view
      cause;  ///< for what the line itself does not say, "the firmware failed"; else empty
};

/// Knows the lines with which Linux on amd64, arm64, s390x and riscv64, and what runs before it, report that something
/// is wrong. A line counts only where the kernel puts it: at its start or behind printk's time. After panics nothing
/// works any more; the other reports are of kernels that go on.
std::optional<KernelTrouble> kernel_trouble(std::string_view line);

/// "------------[ cut here ]------------", which comes before the line that says what it is.
bool starts_report(std::string_view line);
/// "---[ end trace 0000000000000000 ]---", "---[ end Kernel panic - ... ]---".
bool ends_report(std::string_view line);

}  // namespace rtfx::vm
