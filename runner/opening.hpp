// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runner/run_log.hpp"
#include "runner/steps.hpp"

namespace rtfx::runner {

/// The first line of the log.
results::RunStarted describe_run(const std::string& id, const RunOptions& options,
                                 const ArchTable& arches);

/// Logs every unit of the run as planned: what ended before, the scripts of groups, the cases.
void log_plan(RunLog& log, const RunOptions& options, const Plan& plan,
              const std::vector<Step>& steps);

/// Logs the results that are there without running anything: what ended before, what is skipped or
/// known, and the cases of a resumed run that have gone since.
void log_what_needs_no_run(RunLog& log, const RunOptions& options, const Plan& plan);

}  // namespace rtfx::runner
