// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "runner/labels.hpp"

namespace rtfx::runner {

/// The `# KEY: value` lines of a script, as rtf reads them, plus TIMEOUT. AUTHOR, ISSUE and LABELS
/// may stand several times.
struct Headers {
  std::string name, summary, author, issue;
  Labels labels;
  int repeat = 1;  ///< the plain number of REPEAT
  /// REPEAT has a number above 0: units are called NAME.1, NAME.2 … even when it is 1.
  bool repeated = false;
  std::map<std::string, int> repeat_labels;  ///< `REPEAT: slow:5`: so often when the label is given
  std::optional<std::chrono::seconds> timeout;
  std::optional<int> retries;          ///< RETRIES: attempts after the first that does not pass
  int cpus = 1;                        ///< RESOURCES: cpus=2: of the jobs, how many it takes
  std::uint64_t memory = 0;            ///< RESOURCES: mem=1G: bytes; 0: not said
  std::vector<std::string> exclusive;  ///< EXCLUSIVE: names; cases that share one never run together
  std::vector<std::string> inputs;     ///< INPUTS: what its result depends on, as written
};

/// "90", "90s", "5m" or "1h"; nullopt for anything else and for nothing at all ("0").
std::optional<std::chrono::seconds> parse_time_limit(std::string_view text);

struct Group;

/// A directory with test.sh.
struct Case {
  std::string name;  ///< dotted, without the ordering numbers: "linuxkit.examples.redis"
  std::filesystem::path directory;  ///< absolute
  std::filesystem::path script;
  Headers headers;
  Labels labels;  ///< its own and those inherited from its groups
  const Group* group = nullptr;
};

/// A directory of cases and groups, with an optional group.sh (run with `init` and `deinit`).
struct Group {
  std::string name;
  std::filesystem::path directory;
  std::optional<std::filesystem::path> script, pre_test, post_test;
  Headers headers;
  Labels labels;
  const Group* parent = nullptr;
  /// In order; exactly one of the two is set.
  struct Child {
    std::unique_ptr<Case> test;
    std::unique_ptr<Group> group;
  };
  std::vector<Child> children;
};

/// Reads the tree of cases below `root`. Two cases with one name, a bad header, an unreadable
/// script: diagnostics with file:line. What rtf accepts is accepted.
std::unique_ptr<Group> load_tree(const std::filesystem::path& root, Diagnostics& diagnostics);

/// Every case below the group, in order.
std::vector<const Case*> all_cases(const Group& group);

}  // namespace rtfx::runner
