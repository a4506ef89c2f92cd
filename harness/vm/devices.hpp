// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/arch.hpp"

namespace rtfx::vm {

/// A disk, or with `cdrom` an optical drive. The guest sees disks in their order (/dev/vda, ...), and drives in theirs (/dev/sr0, ...).
struct Drive {
  std::filesystem::path file;
  std::string format = "raw";
  bool cdrom = false;
  bool read_only = false;
  bool snapshot = false;  ///< what the guest writes is forgotten
  bool start = false;     ///< the firmware starts this one
};

/// UEFI for the guest.
struct Firmware {
  std::filesystem::path code{};
  std::filesystem::path variables{};  ///< empty: the code brings its own
  bool writable =
      false;  ///< what the guest changes is written to the variables, or else to the code
};

/// A directory of the host that virtiofsd offers at a socket; its tag in the guest is "virtiofsN", from 0.
struct Share {
  std::filesystem::path socket;
};

/// A comma starts the next option of a qemu argument; two stand for one.
std::string escaped(const std::filesystem::path& path);
/// "virtio-blk-pci,drive=disk0": the virtio device of the kind on the arch's bus.
std::string virtio_device(const Arch& arch, const std::string& kind, const std::string& properties);

// qemu's arguments for a class of devices, in pairs.
std::vector<std::string> drive_arguments(const Arch& arch, const std::vector<Drive>& drives);
std::vector<std::string> firmware_arguments(const Firmware& firmware);
std::vector<std::string> share_arguments(const Arch& arch, const std::vector<Share>& shares);
std::vector<std::string> display_arguments(const Arch& arch, const std::string& display);

}  // namespace rtfx::vm
