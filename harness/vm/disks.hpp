// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/process/process.hpp"

namespace rtfx::vm {

/// A disk that the user asks for: --disk.
struct DiskWish {
  std::filesystem::path file{};  ///< empty: one of the state directory
  std::uint64_t size_mib = 0;    ///< 0: it must be there
  std::string format{};          ///< "": qcow2 for a new one, else what its content says
};
/// "[file=]PATH[,size=N[M|G]][,format=F]", sizes in GiB without a unit, as linuxkit has it. Throws Error (ExitCode::usage).
DiskWish parse_disk(const std::string& text);

/// Makes the disk unless its file is there, which is never touched: of two that make it at once, one finds that of the
/// other. Throws Error: ExitCode::usage for a size or format that cannot be, ExitCode::host without qemu-img.
/// The result has file and format filled in.
DiskWish provide_disk(DiskWish disk, process::Runner& runner, std::stop_token stop);

/// Writes a new disk image into the file, which may exist.
void create_image(const std::filesystem::path& file, const std::string& format,
                  std::uint64_t size_mib, process::Runner& runner, std::stop_token stop);

/// Writes a new qcow2 image into the file: what is on top of `base`, whose path is absolute.
void create_overlay(const std::filesystem::path& file, const std::filesystem::path& base,
                    const std::string& base_format, process::Runner& runner, std::stop_token stop);

/// Throws Error (ExitCode::usage) when two of these are the same file.
void check_all_differ(const std::vector<std::filesystem::path>& files);

}  // namespace rtfx::vm
