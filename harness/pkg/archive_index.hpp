// SPDX-License-Identifier: Apache-2.0
//
// The index files ("Packages") of a Debian archive: one stanza for each package, between empty lines.
// https://wiki.debian.org/DebianRepository/Format
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace rtfx::pkg {

/// One package of an index. The views are into the index's text.
struct IndexEntry {
  std::string_view name;
  std::string_view version;
  std::string_view architecture;
  std::string_view
      file;  ///< relative to the archive's address: "pool/main/j/jq/jq_1.7.1-6_arm64.deb"
  std::string_view sha256;  ///< 64 hex digits; empty when the stanza has none
  std::string_view stanza;  ///< all of it, its last line ended, without the empty line
};

/// Calls `visit` for every entry of an index, in its order.
void read_index(std::string_view index, const std::function<void(const IndexEntry&)>& visit);

}  // namespace rtfx::pkg
