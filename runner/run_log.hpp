// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "results/event_log.hpp"
#include "results/record.hpp"
#include "runner/reporter.hpp"

namespace rtfx::runner {

/// What happens, told to everyone who has to know: the event log first, then the record of the run,
/// then the reporter.
class RunLog {
 public:
  /// Continues the log that the folder may have. Throws Error when it cannot be written.
  RunLog(const std::filesystem::path& folder, Reporter& reporter);

  /// Throws Error when the disk refuses; then nobody is told.
  void append(results::Event event);

  Reporter& reporter() { return reporter_; }

  /// The run as logged until now, earlier parts of a run that is continued included.
  results::RunRecord take() { return fold_.take(); }

 private:
  results::Fold fold_;
  results::EventLog log_;
  Reporter& reporter_;
};

}  // namespace rtfx::runner
