// SPDX-License-Identifier: Apache-2.0
//
// The state that was released last, for --regress: what failed in it does not block again.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "results/record.hpp"

namespace rtfx::gate {

struct Verdict;

struct Baseline {
  std::string source;  ///< for messages: "release 20261120-083000-12 (_release/…)"
  /// The released units by their results: "pass", "flaky", "fail", "error", "timeout", "skip", "cancel", "missing".
  std::map<results::UnitId, std::string> results;
  /// `results` has the passes too; false: a record that lists only what did not pass.
  bool complete = true;

  bool operator==(const Baseline&) const = default;
};

/// What a run that was tested says, all arches.
Baseline baseline_of(const results::RunRecord& run, const std::string& source);
/// What a verdict shipped: the units of its shipped arches. Throws Error when it ships nothing.
Baseline baseline_of(const Verdict& verdict, const std::string& source);

/// A JSON object with "units": [{"kind", "name", "arch", "result"}], and "complete": false when passes are left out
/// (the default). Other members do not matter. This is what verdict.json and a release record hold. Throws Error that
/// begins with `source`.
Baseline parse_baseline(std::string_view json, const std::string& source);
/// The members "complete" and "units" of such an object, with 2-space indent; read by parse_baseline.
std::string baseline_json(const Baseline& baseline);

}  // namespace rtfx::gate
