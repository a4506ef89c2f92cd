// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "harness/process/process.hpp"

namespace rtfx::pkg {

/// Receives what builders print.
using Log = std::function<void(std::string_view)>;

/// What the steps of one build share: the way to run things, where output goes, and the moment at
/// which all must be done.
struct Steps {
  process::Runner& runner;
  const Log& log;
  std::stop_token stop;
  std::chrono::steady_clock::time_point deadline;
  /// Receives what users should know of a build that goes on, one line each; may be empty.
  std::function<void(const std::string&)> warn = {};

  /// Runs a command to its end; its time limit is what is left until the deadline. Throws Error
  /// with `name` and the last lines of its output unless it succeeds; ExitCode::interrupted when
  /// stop was requested.
  void run(const std::string& name, process::Command command) const;
};

}  // namespace rtfx::pkg
