// SPDX-License-Identifier: Apache-2.0
//
// What programs read of a run while it runs.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "harness/process/loop.hpp"
#include "runner/reporter.hpp"

namespace rtfx::console {

/// TAP 14 on a descriptor: the plan counts every planned case; "Bail out!" when the run does not
/// come to its end. A script of a group that fails is a comment.
class TapReporter : public runner::Reporter {
 public:
  explicit TapReporter(int fd = 1);
  /// Uses the loop for a reader that is slow; it has to live as long as this.
  void attach(process::Loop& loop);
  ~TapReporter() override;
  void run_started(const runner::RunInfo& run) override;
  void event(const results::Event& event) override;
  void output(const results::UnitId& unit, process::Stream stream, std::string_view bytes) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Each event as a line of JSON, as in events.jsonl.
class JsonReporter : public runner::Reporter {
 public:
  explicit JsonReporter(int fd = 1);
  /// As TapReporter::attach().
  void attach(process::Loop& loop);
  ~JsonReporter() override;
  void run_started(const runner::RunInfo& run) override;
  void event(const results::Event& event) override;
  void output(const results::UnitId& unit, process::Stream stream, std::string_view bytes) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Tells several, in the order in which they were added. They have to live as long as it is told.
class Reporters : public runner::Reporter {
 public:
  void add(runner::Reporter& reporter) { all_.push_back(&reporter); }
  void run_started(const runner::RunInfo& run) override;
  void event(const results::Event& event) override;
  void output(const results::UnitId& unit, process::Stream stream, std::string_view bytes) override;

 private:
  std::vector<runner::Reporter*> all_;
};

}  // namespace rtfx::console
