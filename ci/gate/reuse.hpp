// SPDX-License-Identifier: Apache-2.0
//
// A case that passed need not run again while nothing that its result depends on has changed. What that is, is decided
// generously: the program itself, qemu, the case and every script shared with it, every image YAML, and the digests of
// all packages of the arch. Only passes are reused; anything else runs again.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "base/digest.hpp"
#include "ci/gate/load.hpp"
#include "results/event.hpp"

namespace rtfx::gate {

/// Computes the keys of a release's cases.
class CaseKeys {
 public:
  /// `program`: the running rtfx binary. `environment`: -e settings that the scripts see.
  CaseKeys(const Input& input, const std::vector<results::Subject>& subjects,
           const std::filesystem::path& program,
           const std::map<std::string, std::string>& environment);

  /// Hex digest for one case and arch.
  std::string key(const runner::Case& test, const Arch& arch) const;

 private:
  Digest common_;
  std::map<std::string, std::string> subjects_;  ///< arch -> its subjects as text
};

/// Passing results of earlier runs, by unit and key; a later addition stands before an earlier one. Unreadable logs are
/// passed over: what is not known simply runs.
class KnownResults {
 public:
  /// Reads the event logs of all runs in `results`, the newest last, complete or not.
  void add_runs(const std::filesystem::path& results);
  /// The same for one run.
  void add_run(const std::filesystem::path& folder);

  std::optional<results::UnitFinished> find(const results::UnitId& unit,
                                            const std::string& key) const;

 private:
  std::map<std::pair<results::UnitId, std::string>, results::UnitFinished> passes_;
};

/// Digest over names, types, modes, link targets and contents below a directory (or of one file), in sorted order.
Digest tree_digest(const std::filesystem::path& path);

}  // namespace rtfx::gate
