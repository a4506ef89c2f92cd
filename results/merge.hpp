// SPDX-License-Identifier: Apache-2.0
//
// Several runs (shards, machines, architectures) as one: a log that holds the events of all of them,
// with their times, after a run_started that names them, and their files. Of a case that several runs
// have, the last run that did not skip it counts; a group's script has its worst result.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "results/record.hpp"

namespace rtfx::results {

struct MergeRequest {
  std::vector<std::filesystem::path> runs;  ///< their folders
  std::string id;                           ///< of the merged run
  std::string command_line, version;
};

struct MergeOutcome {
  RunRecord run;
  std::vector<std::string> notes;  ///< a line each, for the user
};

/// Fills `target`, an empty folder, with events.jsonl, every file of the runs that is not a report,
/// and the reports. Files are hard links where that is possible; one whose name another run's file
/// has already goes to a folder with the id of its run, and the events say so.
/// Throws Error: ExitCode::usage for folders that are no runs, a run that is given twice, or one whose
/// log names files outside of its folder.
MergeOutcome merge(const MergeRequest& request, const std::filesystem::path& target);

}  // namespace rtfx::results
