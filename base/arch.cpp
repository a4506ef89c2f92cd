// SPDX-License-Identifier: Apache-2.0
#include "base/arch.hpp"

#include <sys/utsname.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx {
namespace {

Arch amd64() {
  Arch row;
  row.name = "amd64";
  row.uname = "x86_64";
  row.debian = "amd64";
  row.kernel_arch = "x86_64";
  row.kernel_target = "bzImage";
  row.cross_prefix = "x86_64-linux-gnu-";
  row.qemu = "qemu-system-x86_64";
  row.qemu_package = "qemu-system-x86";
  row.machine = "q35";
  // qemu 7.2 emulates CMPXCHG16B with wrong flags now and then; one boot in eight of Debian's kernel ended in a double fault.
  row.cpu = "max,-cx16";
  row.console = "ttyS0";
  row.bios = true;
  row.efi = "x64";
  row.uefi_firmware = {{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},
                       {"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"}};
  row.uefi_package = "ovmf";
  row.probe = probe_of_pc();
  return row;
}

Arch arm64() {
  Arch row;
  row.name = "arm64";
  row.uname = "aarch64";
  row.debian = "arm64";
  row.kernel_arch = "arm64";
  row.kernel_target = "Image.gz";
  row.cross_prefix = "aarch64-linux-gnu-";
  row.qemu = "qemu-system-aarch64";
  row.qemu_package = "qemu-system-arm";
  row.machine = "virt";
  row.cpu = "cortex-a57";
  row.console = "ttyAMA0";
  row.efi = "aa64";
  row.uefi_firmware = {{"/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"}};
  row.uefi_package = "qemu-efi-aarch64";
  row.kvm_machine = "gic-version=host";  // not every host can pretend to have the default, GICv2
  row.probe = probe_of_arm_virt();
  return row;
}

Arch s390x() {
  Arch row;
  row.name = "s390x";
  row.uname = "s390x";
  row.debian = "s390x";
  row.kernel_arch = "s390";
  row.kernel_target = "bzImage";
  row.cross_prefix = "s390x-linux-gnu-";
  row.qemu = "qemu-system-s390x";
  row.qemu_package = "qemu-system-misc (from Debian 13 on: qemu-system-s390x)";
  row.machine = "s390-ccw-virtio";
  // With the vector facility, Linux 6.12 under the TCG of qemu 7.2 answers no TCP connection; DHCP works all the same.
  row.cpu = "qemu,vx=off";
  row.console = "ttysclp0";
  row.virtio = VirtioBus::ccw;
  row.probe = probe_of_s390();
  return row;
}

Arch riscv64() {
  Arch row;
  row.name = "riscv64";
  row.uname = "riscv64";
  row.debian = "riscv64";
  row.kernel_arch = "riscv";
  row.kernel_target = "Image";
  row.cross_prefix = "riscv64-linux-gnu-";
  row.qemu = "qemu-system-riscv64";
  row.qemu_package = "qemu-system-misc (from Debian 13 on: qemu-system-riscv)";
  row.machine = "virt";
  row.console = "ttyS0";
  row.firmware_args = {"-bios", "default"};
  row.efi = "riscv64";
  row.uefi_firmware = {{"/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd",
                        "/usr/share/qemu-efi-riscv64/RISCV_VIRT_VARS.fd"}};
  row.uefi_package = "qemu-efi-riscv64";
  row.probe = probe_of_riscv_virt();
  return row;
}

}  // namespace

ArchTable ArchTable::builtin() {
  ArchTable table;
  for (Arch row : {amd64(), arm64(), s390x(), riscv64()}) table.add(std::move(row));
  return table;
}

void ArchTable::add(Arch arch) {
  const auto same = [&](const Arch& row) { return row.name == arch.name; };
  const auto found = std::find_if(rows_.begin(), rows_.end(), same);
  if (found == rows_.end()) {
    rows_.push_back(std::move(arch));
  } else {
    *found = std::move(arch);
  }
}

const Arch& ArchTable::find(std::string_view name) const {
  for (const Arch& row : rows_) {
    if (row.name == name) return row;
  }
  if (const Arch* row = find_uname(name)) {
    throw Error("unknown arch \"" + std::string(name) + "\"; did you mean \"" + row->name + "\"?",
                ExitCode::nothing_to_run);
  }
  throw Error("unknown arch \"" + std::string(name) + "\"" + text::did_you_mean(name, names()) +
                  " (known: " + text::join(names(), ", ") + ")",
              ExitCode::nothing_to_run);
}

const Arch* ArchTable::find_uname(std::string_view uname) const {
  for (const Arch& row : rows_) {
    if (row.uname == uname) return &row;
  }
  return nullptr;
}

std::vector<std::string> ArchTable::names() const {
  std::vector<std::string> names;
  for (const Arch& row : rows_) names.push_back(row.name);
  return names;
}

std::string host_arch(const ArchTable& table) {
  utsname names{};
  ::uname(&names);
  const Arch* row = table.find_uname(names.machine);
  return row != nullptr ? row->name : names.machine;
}

}  // namespace rtfx
