// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/process/loop.hpp"
#include "runner/scratch.hpp"
#include "runner/script.hpp"

namespace rtfx::runner {

/// Why a run stops before its end, and what becomes of the units that it interrupts.
struct StopCause {
  results::Result result = results::Result::cancel;
  std::string reason;        ///< one line
  bool interrupted = false;  ///< as UnitFinished::interrupted
  std::string of_run;        ///< the same, said of the run
};

/// The scripts of one unit, in the order in which they run.
struct UnitScripts {
  /// What prepares it; when it fails, the unit is an error and the main script is not run. What it
  /// leaves running is ended after the last script.
  std::optional<Script> before;
  Script main;
  /// Told the result; when it fails after a pass, the unit is an error.
  std::optional<Script> after;
};

/// One attempt at a unit, from its first script to its last.
///
///     waiting --start--> preparing --> running --> following_up --> ended
///
/// Whatever happens leads to `ended`, in one of the ways of results::Result.
class Unit {
 public:
  enum class State { waiting, preparing, running, following_up, ended };
  using Done = std::function<void(Ending)>;

  /// `output` gets what the scripts print besides the log; `done` is called once, from the loop or
  /// from within start().
  Unit(process::Loop& loop, std::shared_ptr<ScratchPool> scratch, UnitScripts scripts,
       const std::filesystem::path& log, process::Sink output, Done done);
  ~Unit();

  void start();
  /// Ends what runs; the attempt then ends as the cause says, unless its script ended first.
  void stop(const StopCause& cause);
  /// As stop(), without any grace; what it left running too.
  void kill();
  /// Ends what the main script left running (Script::serves; Ending::serving) and calls back when
  /// nothing of it is there any more.
  void end_services(std::function<void()> gone);
  /// Whether something that it left running is still there.
  bool serving() const { return *serving_ > 0; }

 private:
  void run(State state, const Script& script);
  void ended(const process::Outcome& outcome, std::exception_ptr failure);
  /// Makes it end as the cause of the stop says.
  void stopped(Ending& ending) const;
  void prepared(const Ending& ending);
  void follow_up();
  void followed_up(const Ending& ending);
  void finish();

  process::Loop& loop_;
  std::shared_ptr<ScratchPool> scratch_pool_;
  UnitScripts scripts_;
  UnitLog log_;
  process::Sink output_;
  Done done_;
  State state_ = State::waiting;
  std::unique_ptr<ScratchDirectory> scratch_;
  process::Loop::Child child_{};
  std::vector<process::Loop::Child> services_;
  std::shared_ptr<int> serving_ = std::make_shared<int>(0);  ///< how many of them are there
  std::optional<StopCause> stop_;
  Ending ending_;
};

}  // namespace rtfx::runner
