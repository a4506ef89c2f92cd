// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/boot_sector.hpp"

namespace rtfx::vm {

std::string debug_exit_boot_sector() {
  // The BIOS loads the first sector of the disk and jumps to its first byte in 16-bit mode.
  std::string sector;
  const auto add = [&sector](std::initializer_list<int> bytes) {
    for (const int byte : bytes) sector += static_cast<char>(byte);
  };
  add({0xb0, debug_exit_value});  // mov al, value
  add({0xe6, debug_exit_port});   // out port, al: qemu exits here
  add({0xfa});                    // cli: should it not, then without interrupts
  add({0xf4});                    // hlt: halt
  add({0xeb, 0xfd});              // jmp to the hlt, 3 bytes back from the end of this one
  sector.resize(510);
  add({0x55, 0xaa});  // the signature without which the BIOS does not take it for bootable
  return sector;
}

}  // namespace rtfx::vm
