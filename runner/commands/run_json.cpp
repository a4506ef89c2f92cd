// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/run_json.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace rtfx::commands {

nlohmann::ordered_json run_json(const std::filesystem::path& folder,
                                const results::RunRecord& run) {
  const results::Counts counts = results::count(run);
  return {{"folder", text::printable(folder.string())},
          {"id", run.start.run_id},
          {"complete", run.finished},
          {"reason", text::printable(run.reason)},
          {"passed", counts.passed},
          {"flaky", counts.flaky},
          {"cached", counts.cached},
          {"failed", counts.failed},
          {"errored", counts.errored},
          {"timed_out", counts.timed_out},
          {"skipped", counts.skipped},
          {"cancelled", counts.cancelled},
          {"missing", counts.missing}};
}

}  // namespace rtfx::commands
