// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/probe_guest.hpp"

namespace rtfx {

/// How virtio devices are attached on the arch's virtual machine; mmio: without any bus, as microVMs have them.
enum class VirtioBus { pci, ccw, mmio };

/// UEFI firmware for qemu: its code, and the variables that each guest gets a copy of.
struct UefiFirmware {
  std::string code, variables;
};

/// Everything that rtfx knows about an architecture. A new one is a new row; no code asks for one by name.
struct Arch {
  std::string name;           ///< GOARCH: "arm64"; the OCI platform is linux/<name>
  std::string uname;          ///< `uname -m`: "aarch64"
  std::string debian;         ///< Debian's name: "arm64"
  std::string kernel_arch;    ///< ARCH= of the kernel's Makefile: "arm64"
  std::string kernel_target;  ///< the image that qemu boots: "Image.gz"
  std::string cross_prefix;   ///< "aarch64-linux-gnu-"
  std::string qemu;           ///< "qemu-system-aarch64"
  std::string qemu_package;   ///< Debian package of that program
  std::string machine;        ///< -machine
  std::string cpu;            ///< -cpu under TCG; "" leaves qemu's own
  std::string console;        ///< the kernel's name for the first serial console: "ttyAMA0"
  std::vector<std::string>
      firmware_args;  ///< further qemu arguments under TCG: {"-bios", "default"}
  VirtioBus virtio = VirtioBus::pci;
  bool bios = false;  ///< starts disks as a PC does
  /// In file names of UEFI, such as "x64" in /EFI/BOOT/BOOTX64.EFI (UEFI 2.10, 3.5.1.1); "": there is no UEFI.
  std::string efi;
  std::vector<UefiFirmware>
      uefi_firmware;                ///< where the distributions have it; the first that is there
  std::string uefi_package;         ///< Debian package of it
  std::string kvm_machine;          ///< what -machine needs beyond `machine` under KVM
  std::optional<ProbeGuest> probe;  ///< how KVM is tried on hosts of this arch
};

/// The known architectures, by GOARCH name.
class ArchTable {
 public:
  /// amd64, arm64, s390x and riscv64.
  static ArchTable builtin();

  /// Adds a row, or replaces the one with its name.
  void add(Arch arch);
  /// Throws Error (ExitCode::nothing_to_run) with the nearest name when there is no such row.
  const Arch& find(std::string_view name) const;
  const Arch* find_uname(std::string_view uname) const;
  std::vector<std::string> names() const;

 private:
  std::vector<Arch> rows_;
};

/// GOARCH name of the machine that this runs on ("amd64"); its `uname -m` when the table has no such row.
std::string host_arch(const ArchTable& table);

}  // namespace rtfx
