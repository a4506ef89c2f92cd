// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "results/record.hpp"
#include "runner/run.hpp"

namespace rtfx::commands {

/// Tells a run on the terminal as rtf does: the id on standard output, everything else on standard
/// error. Level 0 is one line per case, 1 adds what the cases print on standard error, 2 also their
/// standard output and what is started. The output of one unit stays together: unless
/// `one_at_a_time`, it is held back on disk until the unit has ended.
class ConsoleReporter : public runner::Reporter {
 public:
  ConsoleReporter(int verbosity, bool several_arches, bool one_at_a_time = false);
  ~ConsoleReporter() override;

  /// Cases with known issues, which are named when the case fails: name -> ISSUE.
  void know_issues(std::map<std::string, std::string> issues);

  /// Does without rtf's two opening lines, for commands whose standard output is something else.
  void leave_standard_output_alone();

  void run_started(const std::string& id, const std::filesystem::path& folder,
                   const std::string& labels) override;
  void started(const results::UnitId& unit) override;
  void output(const results::UnitId& unit, process::Stream stream, std::string_view bytes) override;
  void finished(const results::UnitFinished& unit) override;
  /// The closing lines: rtf's, then the counts in one line.
  void summary(const results::RunRecord& run);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rtfx::commands
