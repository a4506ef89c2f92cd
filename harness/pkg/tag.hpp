// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "harness/pkg/package.hpp"

namespace rtfx::pkg {

/// What git says about a package.
struct Revision {
  /// The hash part of the tag, with "-dirty-xxxxxxx" when it is not clean; "" outside git.
  std::string hash;
  bool in_git = false;
  bool dirty = false;
  std::string commit;          ///< full hex of HEAD; "" outside git
  std::int64_t timestamp = 0;  ///< committer time of HEAD, seconds since the epoch
};
Revision revision_of(const Package& package, const TagOptions& options);

/// The tag that a template gives for a hash: text with {{.Hash}}, {{slice .Hash A}} and {{slice
/// .Hash A B}}, as Go's text/template has them. Anything else between braces is an Error
/// (ExitCode::usage).
std::string render_tag(const std::string& tag_template, const std::string& hash);

/// The reference for a known hash.
std::string ref_with_hash(const Package& package, const TagOptions& options,
                          const std::string& hash);

}  // namespace rtfx::pkg
