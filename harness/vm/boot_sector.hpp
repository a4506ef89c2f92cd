// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace rtfx::vm {

/// Where the boot sector writes, and what qemu exits with when it has: (value << 1) | 1, as QEMU's isa-debug-exit
/// device has it.
inline constexpr int debug_exit_port = 0xf4;
inline constexpr int debug_exit_value = 0x10;
inline constexpr int debug_exit_code = debug_exit_value << 1 | 1;

/// The 512 bytes of a PC boot sector that ends qemu with `debug_exit_code`.
std::string debug_exit_boot_sector();

/// SeaBIOS does not read a disk of less than one cylinder (16 heads of 63 sectors): the sector needs this much behind it.
inline constexpr std::uintmax_t smallest_disk = 1 << 20;

}  // namespace rtfx::vm
