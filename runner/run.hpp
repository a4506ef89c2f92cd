// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "harness/process/loop.hpp"
#include "results/record.hpp"
#include "runner/reporter.hpp"
#include "runner/tree.hpp"

namespace rtfx::runner {

/// i of n, from 1.
struct Shard {
  /// What makes the parts: equal numbers of neighbours (as rtf), a digest of the name (stable when
  /// cases are added), or equal sums of known durations.
  enum class By { count, hash, duration };
  int index = 1, count = 1;
  By by = By::count;
};

/// What one invocation runs and how.
struct RunOptions {
  /// As in select.hpp; a case runs when one of them names it; none: all.
  std::vector<std::string> patterns;
  std::string expression;    ///< -E; "": none
  bool rtf_prefix = false;   ///< patterns are prefixes and nothing else
  std::string labels;        ///< -l
  std::vector<Arch> arches;  ///< the cases run once per arch
  /// Arches, by name, for which nothing can run, with the reason in one line: what would run for
  /// them is an `error`.
  std::map<std::string, std::string> unprepared;
  int jobs = 1;              ///< cases at the same time
  std::uint64_t memory = 0;  ///< what running cases may share, by `# RESOURCES: mem=`; 0: no limit
  bool trace = false;        ///< -x: sh -x
  Shard shard;
  std::chrono::seconds default_timeout{600};  ///< for cases without # TIMEOUT:
  std::chrono::seconds global_timeout{0};     ///< for the whole run; 0: none
  std::chrono::milliseconds grace{1000};      ///< between SIGTERM and SIGKILL after a time limit
  int retries = 0;  ///< attempts after the first that does not pass, without # RETRIES:
  /// Further environment of the scripts (RTFX, RTFX_PROJECT, -e …).
  std::map<std::string, std::string> env;
  std::filesystem::path results;              ///< the _results folder
  std::string id;                             ///< "": a new unique one
  bool link_latest = true;                    ///< make results/latest point to this run
  std::string version, commit, command_line;  ///< for the log
  std::filesystem::path source_root;       ///< what UnitPlanned::file is relative to; "": the cases
  std::vector<results::Subject> subjects;  ///< what is tested
  /// Units that ended before the cases start (built packages, assembled images, cases that cannot
  /// run): logged as planned and finished, first of all.
  std::vector<results::UnitFinished> prior;

  /// When set, no other units are run: those of a run that is resumed. What its shard was is said
  /// again, but divides nothing.
  std::optional<std::set<results::UnitId>> only;

  /// How long a unit took before.
  std::function<std::optional<std::chrono::nanoseconds>(const results::UnitId&)> duration;
  /// The same for dividing into shards, when all of them must count with the same figures.
  std::function<std::optional<std::chrono::nanoseconds>(const results::UnitId&)> shard_duration;
  /// Digest over everything that the case's result depends on for this arch; "" or no function:
  /// never reused.
  std::function<std::string(const Case&, const Arch&)> key;
  /// A known passing result for that key, whose case need not run again.
  std::function<std::optional<results::UnitFinished>(const results::UnitId&,
                                                     const std::string& key)>
      known;
};

/// Runs the selected cases: group init before and deinit after their cases, every script with a
/// time limit, each result logged at once; then writes the reports. Returns what the log says. A
/// failing group init makes its cases `error`; the rest goes on. When `stop` is requested, running
/// scripts are ended, no more are started, and the reports are written all the same.
results::RunRecord run_cases(const Group& tree, const RunOptions& options, const ArchTable& arches,
                             process::Loop& loop, Reporter& reporter, std::stop_token stop);

}  // namespace rtfx::runner
