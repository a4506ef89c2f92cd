// SPDX-License-Identifier: Apache-2.0
//
// A Runner for unit tests: starts nothing, remembers what it was asked to run.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "harness/process/process.hpp"

namespace rtfx::process {

/// What a faked command does.
struct FakeResult {
  Outcome outcome;
  std::string out;
  std::string err;
};

class FakeRunner final : public Runner {
 public:
  /// Decides about each command; without one everything succeeds silently. Called by one thread at a time.
  std::function<FakeResult(const Command&)> script;
  /// What was run, in the order of the calls.
  std::vector<Command> commands;

  /// A result that ended with this exit code and wrote this.
  static FakeResult exit(int code, std::string out = {}, std::string err = {}) {
    return {Outcome{.ending = Ending::exited, .exit_code = code}, std::move(out), std::move(err)};
  }

  Outcome run(const Command& command, const Sink& sink, std::stop_token stop) override {
    FakeResult result;
    {
      const std::lock_guard lock(mutex_);
      commands.push_back(command);
      if (stop.stop_requested()) return Outcome{.ending = Ending::cancelled};
      if (script) result = script(command);
    }
    if (sink && !result.out.empty()) sink(Stream::out, result.out);
    if (sink && !result.err.empty()) sink(Stream::err, result.err);
    return result.outcome;
  }

 private:
  std::mutex mutex_;
};

}  // namespace rtfx::process
