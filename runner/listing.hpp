// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/arch.hpp"
#include "runner/run.hpp"
#include "runner/tree.hpp"

namespace rtfx::runner {

/// One line of `list` and `info`.
struct ListRow {
  std::string name, arch;
  bool runs = true;            ///< "Pass" in the list; else "Skip"
  const Case* test = nullptr;  ///< null: a group whose cases are left out as a whole
  Labels labels;
};

/// The cases as rtf lists them for a target: in order; a group that the labels or the pattern leave
/// out is one line of its own.
std::vector<ListRow> list_rows(const Group& tree, const std::string& pattern,
                               const std::string& user_labels, const Arch& arch,
                               const ArchTable& arches);

/// The part of the cases that run which the shard gets, and nothing else.
std::vector<ListRow> keep_shard(std::vector<ListRow> rows, Shard shard);

}  // namespace rtfx::runner
