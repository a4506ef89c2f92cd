// SPDX-License-Identifier: Apache-2.0
//
// What `rtfx release` and `rtfx release verdict` have in common: the rules of the pass "decide", and telling what came
// of it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "ci/gate/decision.hpp"
#include "ci/publish/target.hpp"
#include "runner/project.hpp"

namespace CLI {
class App;
}

namespace rtfx::commands {

struct JudgeFlags {
  std::string waivers;  ///< --waivers; "": waivers.yml beside rtfx.yml, if there is one
  bool regress = false;
  std::string baseline;  ///< of --regress=FOLDER; "": the newest released state
};

/// Adds --waivers alone.
void add_waivers_flag(CLI::App& command, JudgeFlags& flags);
/// Adds --regress[=FOLDER] and --waivers.
void add_judge_flags(CLI::App& command, JudgeFlags& flags);

/// The state that the target's own release record tells of; nullopt when it has none.
using ReleasedRecord = std::function<std::optional<gate::Baseline>()>;

/// What the record of the project's last release in the target says. It names only what did not pass.
std::optional<gate::Baseline> released_record(publish::Target& target,
                                              const runner::Project& project);

/// Reads waivers and the baseline. Throws Error (ExitCode::usage) for a wrong waivers file, and when --regress finds
/// nothing to compare with. `record` is asked when _release has no finished release.
gate::Rules read_rules(const JudgeFlags& flags, const runner::Project& project,
                       const ReleasedRecord& record);

/// The verdict on standard output: as JSON, or as the table with where to find more. `verbose` adds the excuses.
void print_decision(const gate::Decision& decision, const std::filesystem::path& folder, bool json,
                    bool verbose);

}  // namespace rtfx::commands
