// SPDX-License-Identifier: Apache-2.0
//
// A decision is the seam between judging and publishing: what was judged, what it rests on, and the images that it
// speaks about. In a folder (_release/<id>) it is kept as its reasons; reading it judges again.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "ci/gate/verdict.hpp"

namespace rtfx::gate {

/// A run that was judged, as it is on disk.
struct RunFolder {
  std::filesystem::path folder;  ///< absolute; has events.jsonl
  Digest events;                 ///< of events.jsonl
};

struct Decision {
  std::string id;  ///< of the release: the name of its folder
  Plan plan;
  results::RunRecord
      run;  ///< all judged runs as one: each required unit as it was judged, subjects of all
  Verdict verdict;
  std::vector<results::Subject>
      subjects;  ///< the images that ship or would: org/image:tag, arch, digest
  std::vector<std::filesystem::path> images;  ///< OCI layouts that have them, absolute
  /// Over the judged event logs: of the one events.jsonl, or of the sorted lines "sha256:…\n" of several.
  Digest evidence = Digest::of("");
  std::string commit;  ///< of the project; "" outside git
  std::vector<RunFolder> runs = {};
  Rules rules = {};
};

/// Judges what the runs, read from their folders, say, and makes all the rest of the decision. Throws Error when a run
/// cannot be read.
Decision make_decision(const std::string& id, const Plan& plan,
                       const std::vector<std::filesystem::path>& runs,
                       const std::vector<results::Subject>& subjects,
                       const std::vector<std::filesystem::path>& images, const Rules& rules);

/// Writes plan.json, rules.json, verdict.json, verdict.txt, excuses.json and excuses.html, and last of all runs.json: a
/// folder holds a decision when it has runs.json. With `for_reading_only` (a dry run) runs.json is left out, so that
/// nobody publishes it.
void write_decision(const std::filesystem::path& folder, const Decision& decision,
                    bool for_reading_only = false);

/// Whether write_decision() came to its end there.
bool holds_decision(const std::filesystem::path& folder);

/// Reads plan.json, rules.json, runs.json and the runs that it names, and judges again; verdict.json is not read.
/// Throws Error when there is no decision, or when an event log is not the one that was judged.
Decision load_decision(const std::filesystem::path& folder);

}  // namespace rtfx::gate
