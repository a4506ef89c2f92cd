// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/arch.hpp"
#include "runner/plan.hpp"
#include "runner/run.hpp"
#include "runner/select.hpp"
#include "runner/tree.hpp"

namespace rtfx::runner {

/// One line of `list` and `info`: a case, or a group whose cases are left out as a whole. It refers
/// to the tree.
struct ListRow {
  const Case* test = nullptr;  ///< one of the two is set
  const Group* group = nullptr;
  const Arch* arch = nullptr;
  bool runs = true;  ///< "Pass" in the list; else "Skip"

  const std::string& name() const { return test ? test->name : group->name; }
  const Labels& labels() const { return test ? test->labels : group->labels; }
};

/// The cases as rtf lists them for each target: in order; a group that the labels or the patterns
/// leave out is one line of its own. `targets` must outlive the rows. Throws Error
/// (ExitCode::nothing_to_run) when nothing is selected, whatever the labels say.
std::vector<ListRow> list_rows(const Group& tree, const Selector& selector,
                               const std::string& user_labels, const std::vector<Arch>& targets,
                               const ArchTable& arches);

/// What `info` tells of: without patterns and expression every case, and the groups that the labels
/// leave out for the first target, as rtf has it; else what of that is selected for some target.
std::vector<ListRow> info_rows(const Group& tree, const Selector& selector,
                               const std::string& user_labels, const std::vector<Arch>& targets,
                               const ArchTable& arches);

/// The cases that the plan of a shard runs, in its order.
std::vector<ListRow> rows_of(const Plan& plan, const std::vector<Arch>& targets);

}  // namespace rtfx::runner
