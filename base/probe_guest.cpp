// SPDX-License-Identifier: Apache-2.0
#include "base/probe_guest.hpp"

#include <cstdint>
#include <initializer_list>

namespace rtfx {
namespace {

std::string bytes(std::initializer_list<int> list) {
  std::string result;
  for (const int byte : list) result += static_cast<char>(byte);
  return result;
}

std::string little_endian(std::initializer_list<std::uint32_t> words) {
  std::string result;
  for (const std::uint32_t word : words) {
    for (int shift = 0; shift < 32; shift += 8) result += static_cast<char>(word >> shift);
  }
  return result;
}

}  // namespace

ProbeGuest probe_of_pc() {
  // The BIOS loads the first sector of the disk and jumps to its first byte in 16-bit mode.
  std::string sector = bytes({
      0xb0, 0x10,  // mov al, 0x10
      0xe6, 0xf4,  // out 0xf4, al: qemu exits here, with 2 * 0x10 + 1
      0xfa,        // cli: should it not, then without interrupts
      0xf4,        // hlt: halt
      0xeb, 0xfd,  // jmp to the hlt, 3 bytes back from the end of this one
  });
  sector.resize(510);
  sector +=
      bytes({0x55, 0xaa});  // the signature without which the BIOS does not take it for bootable
  sector.resize(1 << 20);   // the BIOS refuses disks that are too small for a cylinder
  return {.image = sector,
          .arguments = {"-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-drive",
                        "file={},format=raw,readonly=on,if=none,id=disk", "-device",
                        "virtio-blk-pci,drive=disk"},
          .exit_code = 33};
}

ProbeGuest probe_of_arm_virt() {
  return {.image = little_endian({
              0xd2a12001,  // movz x1, #0x0900, lsl #16: the PL011
              0x52800e42,  // movz w2, #'r'
              0xb9000022,  // str w2, [x1]
              0x52800de2,  // movz w2, #'o'
              0xb9000022,  // str w2, [x1]
              0x52800100,  // movz w0, #8
              0x72b08000,  // movk w0, #0x8400, lsl #16: SYSTEM_OFF (PSCI 1.1, 5.9)
              0xd4000002,  // hvc #0
              0x14000000,  // b .
          }),
          .arguments = {"-serial", "stdio", "-kernel", "{}"},
          .output = "ro"};
}

ProbeGuest probe_of_riscv_virt() {
  return {.image = little_endian({
              0x001002b7,  // lui t0, 0x100: the test device
              0x00213337,  // lui t1, 0x213
              0x33330313,  // addi t1, t1, 0x333: "failed" (0x3333), and the exit code 33 above it
              0x0062a023,  // sw t1, 0(t0)
              0x0000006f,  // j .
          }),
          .arguments = {"-bios", "none", "-kernel", "{}"},
          .exit_code = 33};
}

ProbeGuest probe_of_s390() {
  return {
      .image = bytes({
          0x00, 0x08, 0x00, 0x00, 0x80, 0x00, 0x00, 0x10,  // the PSW to start with: go on at 0x10
          0,    0,    0,    0,    0,    0,    0,    0,     //
          0xb2, 0xb2, 0x00, 0x18,                          // lpswe 0x18
          0,    0,    0,    0,                             //
          0x00, 0x02, 0x00, 0x01, 0x80, 0,    0,    0,     // a disabled wait,
          0,    0,    0,    0,    0,    0,    0x0f, 0xff,  // at qemu's address for "done"
      }),
      .arguments = {"-action", "panic=exit-failure", "-kernel", "{}"}};
}

}  // namespace rtfx
