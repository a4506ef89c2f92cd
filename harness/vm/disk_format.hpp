// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace rtfx::vm {

/// What a file that a guest may start from is, by its content.
struct FileContent {
  /// As qemu calls it: "qcow2", "vmdk", "vpc", "vhdx", "vdi", "qcow", "qed"; "raw" for all else.
  std::string format = "raw";
  bool iso = false;          ///< an ISO 9660 file system; it may start as a disk too (isohybrid)
  bool boot_sector = false;  ///< raw: its first sector ends in 55 aa, as BIOS and UEFI want it
};
/// Throws Error (ExitCode::usage), naming the file as `what`, when it cannot be read, is no file or is empty.
FileContent look_into(const std::filesystem::path& file, const std::string& what);

/// Throws Error (ExitCode::usage) when the file cannot be read or is no regular file.
void check_readable(const std::filesystem::path& file, const std::string& what);

}  // namespace rtfx::vm
