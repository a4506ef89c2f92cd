// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/process/loop.hpp"
#include "runner/run_log.hpp"
#include "runner/schedule.hpp"
#include "runner/step_scripts.hpp"

namespace rtfx::runner {

/// How executing the steps came to its end.
struct Executed {
  bool complete = true;        ///< every step has ended
  std::string reason;          ///< why not: one line
  std::exception_ptr failure;  ///< what kept it from going on, such as a full disk
};

/// What is executed, by whom it is told apart, and where it is recorded.
struct Execution {
  const RunOptions& options;
  const Plan& plan;
  const std::vector<Step>& steps;
  const StepScripts& scripts;
  Schedule& schedule;
  const std::filesystem::path& folder;
  RunLog& log;
};

/// Starts what the schedule allows, as long as it allows anything, and records what becomes of it.
/// Returns when nothing runs any more. A `stop`, the time limit of the whole and a log that cannot
/// be written let nothing more start, and end what runs.
Executed execute(const Execution& execution, process::Loop& loop, const std::stop_token& stop);

}  // namespace rtfx::runner
