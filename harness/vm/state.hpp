// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/arch.hpp"
#include "base/files.hpp"
#include "harness/process/process.hpp"
#include "harness/vm/devices.hpp"
#include "harness/vm/disks.hpp"
#include "harness/vm/nameless.hpp"

namespace rtfx::vm {

/// What a guest has of its own besides its image. With a directory it is kept there from boot to boot, under linuxkit's names:
/// mac-addr, uuid, disk.img, disk1.img, ..., data.iso, uefi-vars.fd, qemu.pid. Without one nothing of it ever has a name in the
/// file system, so that nothing can stay; it lives as long as this object.
class State {
 public:
  /// Makes the directory if it is not there. One boot at a time has it: throws Error (ExitCode::usage) when another does.
  explicit State(const std::filesystem::path& directory);

  std::string uuid() const;
  std::string mac() const;
  std::filesystem::path pid_file() const;  ///< "" without a directory

  /// The disk with that number, counted from 0 over all disks; one without a file is this guest's.
  DiskWish disk(DiskWish wish, std::size_t number, process::Runner& runner, std::stop_token stop);
  /// A config_iso() with that content.
  std::filesystem::path config(std::string_view content);
  /// UEFI of the arch, or the code at `own` unless that is empty. Throws Error: ExitCode::host naming the package.
  Firmware firmware(const Arch& arch, const std::filesystem::path& own);
  /// What a guest may write to without anything being kept: a nameless overlay, a nameless copy. qemu's own way
  /// (snapshot=on) has temporary files that stay when it is killed at the wrong moment.
  Drive forgetful(Drive drive, process::Runner& runner, std::stop_token stop);
  Firmware forgetful(Firmware firmware);

 private:
  std::string kept(const char* name, const std::string& first) const;

  std::filesystem::path directory_;
  FileDescriptor lock_;
  std::vector<NamelessFile> nameless_;
};

}  // namespace rtfx::vm
