// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ci/gate/decision.hpp"
#include "runner/commands/command.hpp"
#include "runner/commands/release_judge.hpp"

namespace rtfx::commands {

/// What is judged: results that other machines left.
struct ResultsFlags {
  std::vector<std::string> folders;  ///< --results
  std::string plan;                  ///< --plan; "": the project as it is here
  JudgeFlags judge;
};

/// Adds --results, --plan, --regress and --waivers.
std::shared_ptr<ResultsFlags> add_results_flags(CLI::App& command);

/// Judges what the folders hold and writes the decision into _release/<id> of the project. Throws Error
/// (ExitCode::usage) for folders that hold something else, and when none is named.
gate::Decision judge_results(const Context& context, const runner::Project& project,
                             const ResultsFlags& flags, const ReleasedRecord& record);

}  // namespace rtfx::commands
