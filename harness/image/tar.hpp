// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "harness/disk/contents.hpp"
#include "harness/image/spool.hpp"
#include "harness/image/tree.hpp"

namespace rtfx::image {

/// A file that is no entry of a tree: mode 0644, owner 0, the usual time.
struct TarFile {
  std::string path;
  disk::Contents contents;
  std::string location{}, source{};  ///< empty: it has no records
};

/// Writes the tree as a tar in the PAX format (POSIX.1-2008, pax, "pax Interchange Format"), as
/// linuxkit does: directories without a slash at the end, no entry for the root, and the records
/// LINUXKIT.location and LINUXKIT.source in every header; RTFX.manifest and RTFX.replaces say what
/// --input-tar needs to know.
/// `wanted` says which paths are written; empty: all.
struct TarOptions {
  std::function<bool(std::string_view path)> wanted{};
  /// Put behind the tree's entries, with the location and source that they have.
  std::vector<TarFile> more{};
  /// Long targets of symbolic links as GNU tar writes them. sqfstar 4.5.1 takes the first slash from
  /// those in records of PAX.
  bool gnu_links = false;
};
void write_tar(const Tree& tree, const Spool& spool, const Sink& sink, std::stop_token stop,
               const TarOptions& options = {});

/// A tar of these files alone, without records.
void write_plain_tar(const std::vector<TarFile>& files, const Sink& sink);

}  // namespace rtfx::image
