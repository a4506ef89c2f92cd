// SPDX-License-Identifier: Apache-2.0
#include "runner/run_log.hpp"

#include <utility>

namespace rtfx::runner {

RunLog::RunLog(const std::filesystem::path& folder, Reporter& reporter)
    : log_(folder), reporter_(reporter) {
  results::for_each_event(folder / "events.jsonl",
                          [this](results::Event&& event) { fold_.add(std::move(event)); });
}

void RunLog::append(results::Event event) {
  event.time = std::chrono::system_clock::now();
  log_.append(event);
  fold_.add(event);
  reporter_.event(event);
}

}  // namespace rtfx::runner
