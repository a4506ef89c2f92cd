// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "harness/process/loop.hpp"
#include "results/record.hpp"
#include "runner/reporter.hpp"

namespace rtfx::console {

struct ConsoleOptions {
  /// 0: one line per case; 1: also what the cases print on standard error; 2: also their standard
  /// output, and what is started.
  int verbosity = 0;
  bool several_arches = false;  ///< names are followed by their arch
  /// Output of units is shown as it comes. Otherwise it is held back on disk until the unit has
  /// ended, so that it stays together.
  bool one_at_a_time = false;
  bool colour = false;        ///< of what goes to standard error
  bool progress = true;       ///< a live area and the key `t`, where there is a terminal
  bool opening_lines = true;  ///< rtf's LABELS and ID on standard output
  int in = 0, out = 1, err = 2;
  /// What output is stamped with.
  std::function<std::chrono::system_clock::time_point()> clock = std::chrono::system_clock::now;
};

/// Tells a person of a run as rtf does: the id on standard output, everything else on standard error;
/// with a live area of what is running below, where standard error is a terminal. It never waits for
/// a reader while the run goes on, and one that has gone away is no error.
class Console : public runner::Reporter {
 public:
  explicit Console(ConsoleOptions options);
  /// Waits until everything that was said has been read, or nobody reads any more, or the program
  /// was told to stop.
  ~Console() override;

  /// Before run_started(): uses the loop's clock and timers for the live area, watches the keyboard,
  /// and answers SIGUSR1 with status(). The loop has to live until detach().
  void attach(process::Loop& loop);
  /// Erases the live area and gives the keyboard back; the destructor does so too.
  void detach();

  void run_started(const runner::RunInfo& run) override;
  void event(const results::Event& event) override;
  void output(const results::UnitId& unit, process::Stream stream, std::string_view bytes) override;

  /// Says whole lines of others, above the live area.
  void note(const std::string& lines);
  /// Says what is running, for how long, and the last lines of its output; on the loop's thread.
  void status();
  /// The closing lines: what failed when there was much to read, then rtf's, then the counts.
  void summary(const results::RunRecord& run);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rtfx::console
