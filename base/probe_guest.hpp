// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace rtfx {

/// A guest of a few instructions that ends qemu in a way that nothing else does: how an accelerator is tried.
struct ProbeGuest {
  std::string image;                   ///< the bytes of a file
  std::vector<std::string> arguments;  ///< of qemu; "{}" stands for the file
  int exit_code = 0;                   ///< of qemu, when the guest has run to its end
  std::string output{};                ///< what it writes to the serial port
};

/// A boot sector for a PC with a BIOS: writes to the port of qemu's isa-debug-exit.
ProbeGuest probe_of_pc();
/// For qemu's arm64 "virt": writes to the serial port, then PSCI's SYSTEM_OFF.
ProbeGuest probe_of_arm_virt();
/// For qemu's riscv "virt": writes to its test device.
ProbeGuest probe_of_riscv_virt();
/// For a s390x machine: the disabled wait that qemu takes for a shutdown; any other one is a failure.
ProbeGuest probe_of_s390();

}  // namespace rtfx
