// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/devices.hpp"

#include "fmt/format.h"

namespace rtfx::vm {

namespace {

std::string backend(const std::string& id, const Drive& drive) {
  return fmt::format("if=none,id={},file={},format={}{}{}", id, escaped(drive.file), drive.format,
                     drive.read_only ? ",readonly=on" : "", drive.snapshot ? ",snapshot=on" : "");
}

const char* first_to_start(const Drive& drive) { return drive.start ? ",bootindex=0" : ""; }

const char* bus_suffix(const Arch& arch) {
  switch (arch.virtio) {
    case VirtioBus::pci:
      return "pci";
    case VirtioBus::ccw:
      return "ccw";
    case VirtioBus::mmio:
      return "device";
  }
  return "";
}

}  // namespace

std::string escaped(const std::filesystem::path& path) {
  std::string result;
  for (const char c : path.string()) result.append(c == ',' ? 2 : 1, c);
  return result;
}

std::string virtio_device(const Arch& arch, const std::string& kind,
                          const std::string& properties) {
  return fmt::format("virtio-{}-{}{}{}", kind, bus_suffix(arch), properties.empty() ? "" : ",",
                     properties);
}

std::vector<std::string> drive_arguments(const Arch& arch, const std::vector<Drive>& drives) {
  std::vector<std::string> line;
  int disks = 0, cdroms = 0;
  for (const Drive& drive : drives) {
    if (drive.cdrom) continue;
    const std::string id = fmt::format("disk{}", disks++);
    line.insert(line.end(), {"-drive", backend(id, drive), "-device",
                             virtio_device(arch, "blk", "drive=" + id) + first_to_start(drive)});
  }
  for (const Drive& drive : drives) {
    if (!drive.cdrom) continue;
    if (cdroms == 0) line.insert(line.end(), {"-device", virtio_device(arch, "scsi", "id=scsi0")});
    const std::string id = fmt::format("cd{}", cdroms++);
    line.insert(line.end(),
                {"-drive", backend(id, drive) + ",media=cdrom", "-device",
                 fmt::format("scsi-cd,bus=scsi0.0,drive={}{}", id, first_to_start(drive))});
  }
  return line;
}

std::vector<std::string> firmware_arguments(const Firmware& firmware) {
  const auto flash = [](int unit, const char* how, const std::filesystem::path& file) {
    return fmt::format("if=pflash,unit={},format=raw{},file={}", unit, how, escaped(file));
  };
  const char* const changed = firmware.writable ? "" : ",snapshot=on";
  if (firmware.variables.empty()) return {"-drive", flash(0, changed, firmware.code)};
  return {"-drive", flash(0, ",readonly=on", firmware.code),  //
          "-drive", flash(1, changed, firmware.variables)};
}

std::vector<std::string> share_arguments(const Arch& arch, const std::vector<Share>& shares) {
  std::vector<std::string> line;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    line.insert(
        line.end(),
        {"-chardev", fmt::format("socket,id=fs{},path={}", i, escaped(shares[i].socket)), "-device",
         fmt::format("vhost-user-fs-{},chardev=fs{},tag=virtiofs{}", bus_suffix(arch), i, i)});
  }
  return line;
}

std::vector<std::string> display_arguments(const Arch& arch, const std::string& display) {
  if (display.empty()) return {"-display", "none"};
  // A PC's firmware draws on VGA only.
  std::vector<std::string> line = {"-display", display, "-device",
                                   arch.bios ? "VGA" : virtio_device(arch, "gpu", "")};
  for (const char* kind : {"keyboard", "tablet"})
    line.insert(line.end(), {"-device", virtio_device(arch, kind, "")});
  return line;
}

}  // namespace rtfx::vm
