// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/oci/canonical_tar.hpp"

namespace rtfx::kernel {

/// A file or link of this host, and where it goes in a tar.
struct TarFile {
  std::string path;  ///< in the tar, relative: "lib/modules/6.12.117/modules.dep"
  std::filesystem::path from;
};

/// Every file and symbolic link below `folder`, as PREFIX/RELATIVE PATH.
std::vector<TarFile> files_below(const std::filesystem::path& folder, const std::string& prefix);

/// Writes a tar of the files, sorted, with the folders that lead to them and these `folders`; all owned by root, 0755 or
/// 0644, with that time. The same files give the same bytes.
void write_tar(std::vector<TarFile> files, const std::vector<std::string>& folders,
               std::int64_t timestamp, const oci::TarWriter::Sink& sink);
/// The same, to a file.
void write_tar_file(const std::filesystem::path& tar, std::vector<TarFile> files,
                    const std::vector<std::string>& folders, std::int64_t timestamp);

}  // namespace rtfx::kernel
