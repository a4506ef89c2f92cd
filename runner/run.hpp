// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "harness/process/process.hpp"
#include "results/record.hpp"
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
  int jobs = 1;              ///< cases at the same time
  bool trace = false;        ///< -x: sh -x
  Shard shard;
  std::chrono::seconds default_timeout{600};  ///< for cases without # TIMEOUT:
  /// Further environment of the scripts (RTFX, RTFX_PROJECT, -e …).
  std::map<std::string, std::string> env;
  std::filesystem::path results;              ///< the _results folder
  std::string id;                             ///< "": a new unique one
  bool link_latest = true;                    ///< make results/latest point to this run
  std::string version, commit, command_line;  ///< for the log
  std::vector<results::Subject> subjects;     ///< what is tested
  /// Units that ended before the cases start (built packages, assembled images, cases that cannot
  /// run): logged as planned and finished, first of all.
  std::vector<results::UnitFinished> prior;

  /// Digest over everything that the case's result depends on for this arch; "" or no function:
  /// never reused.
  std::function<std::string(const Case&, const Arch&)> key;
  /// A known passing result for that key, whose case need not run again.
  std::function<std::optional<results::UnitFinished>(const results::UnitId&,
                                                     const std::string& key)>
      known;
};

/// Told of what happens, while it happens, from one thread at a time.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void run_started(const std::string& id, const std::filesystem::path& folder,
                           const std::string& labels) = 0;
  virtual void started(const results::UnitId& unit) = 0;
  /// Output of a unit as it comes (may be ignored); raw bytes.
  virtual void output(const results::UnitId& unit, process::Stream stream,
                      std::string_view bytes) = 0;
  virtual void finished(const results::UnitFinished& unit) = 0;
};

/// Runs the selected cases: group init before and deinit after their cases, every script with a
/// time limit, each result logged at once; then writes the reports. Returns what the log says. A
/// failing group init makes its cases `error`; the rest goes on. When `stop` is requested, running
/// scripts are ended, no more are started, and the reports are written all the same.
results::RunRecord run_cases(const Group& tree, const RunOptions& options, const ArchTable& arches,
                             process::Runner& runner, Reporter& reporter, std::stop_token stop);

}  // namespace rtfx::runner
