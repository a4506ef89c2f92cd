// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "runner/labels.hpp"
#include "runner/rtf_differences.hpp"

namespace rtfx::runner {

/// The `# KEY: value` lines of a script, as rtf reads them, and rtfx's own. AUTHOR, ISSUE, LABELS,
/// RESOURCES, EXCLUSIVE, INPUTS and VARIANTS may stand several times.
struct Headers {
  std::string name, summary, author, issue;
  Labels labels;
  int repeat = 1;  ///< the plain number of REPEAT
  /// REPEAT has a number above 0: units are called NAME.1, NAME.2 … even when it is 1.
  bool repeated = false;
  /// `REPEAT: slow:5`: so often when the label is given; of equal labels the last counts.
  std::vector<std::pair<std::string, int>> repeat_labels;
  std::optional<std::chrono::seconds> timeout;
  std::optional<int> retries;  ///< RETRIES: attempts after the first that does not pass
  int cpus = 1;                ///< RESOURCES: cpus=2: of the jobs, how many it takes
  std::uint64_t memory = 0;    ///< RESOURCES: mem=1G: bytes; 0: not said
  /// EXCLUSIVE: names; cases that share one never run together. Those of its groups are among those
  /// of a case.
  std::vector<std::string> exclusive;
  /// One of the words of a header, as written.
  struct Item {
    std::string text;
    int line = 0;
  };
  std::vector<Item> inputs;    ///< INPUTS: what the result depends on; see inputs.hpp
  std::vector<Item> variants;  ///< VARIANTS of a group; see variants.hpp
  bool crlf = false;           ///< its first line ends in CR LF, which no shell of Unix takes
};

/// "90", "90s", "5m" or "1h"; nullopt for anything else and for nothing at all ("0").
std::optional<std::chrono::seconds> parse_time_limit(std::string_view text);

struct Group;

/// A directory with test.sh.
struct Case {
  std::string name;  ///< dotted, without the ordering numbers: "linuxkit.examples.redis"
  /// Absolute. Paths as text: as std::filesystem::path they take ten times the memory.
  std::string directory, script;
  Headers headers;
  Labels labels;  ///< its own and those inherited from its groups
  const Group* group = nullptr;
};

/// A directory of cases and groups, with an optional group.sh (run with `init` and `deinit`). A
/// directory whose group.sh has VARIANTS is a group for each of them.
struct Group {
  std::string name;     ///< of a variant: that of the directory, a dot, that of the variant
  std::string variant;  ///< the one that it is or is in; "": none
  std::filesystem::path directory;
  std::optional<std::filesystem::path> script, pre_test, post_test;
  Headers headers;  ///< LABELS of a variant are also those of the variant
  Labels labels;
  const Group* parent = nullptr;
  /// In order; exactly one of the two is set.
  struct Child {
    std::unique_ptr<Case> test;
    std::unique_ptr<Group> group;
  };
  std::vector<Child> children;
};

/// Reads the tree of cases below `root`. A bad header, or anything that cannot be read, is a
/// diagnostic with file:line: a case must not vanish unseen. Of two cases with one name the second
/// is called after its directory. What rtf accepts is accepted; what rtf takes otherwise goes to
/// `differences` when given.
std::unique_ptr<Group> load_tree(const std::filesystem::path& root, Diagnostics& diagnostics,
                                 RtfDifferences* differences = nullptr);

/// Every case below the group, in order.
std::vector<const Case*> all_cases(const Group& group);

}  // namespace rtfx::runner
