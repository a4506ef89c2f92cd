// SPDX-License-Identifier: Apache-2.0
//
// One command, from its start to the end of its last descendant. Internal to this folder.
//
//     running ──main exits──> draining ──100 ms, something is left──> terminating ──grace──> killing
//        ├──time limit, stop────────────────────────────────────────────┤
//        └──main exits, Command::serves──> serving ──stop───────────────┘
//     any of them ──nothing is left──> gone ──end of output, or 100 ms──> finished
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/files.hpp"
#include "harness/process/loop.hpp"
#include "harness/process/supervisor_pool.hpp"

namespace rtfx::process {

class SupervisedRun {
 public:
  /// `buffer` is for what is read, and may be shared by all runs of the loop.
  SupervisedRun(Loop& loop, std::span<char> buffer, Command command, Sink sink);
  /// Kills what still runs, and waits for it.
  ~SupervisedRun();
  SupervisedRun(const SupervisedRun&) = delete;
  SupervisedRun& operator=(const SupervisedRun&) = delete;

  /// `gone` is called once, from the loop, when nothing is left, and may destroy this object; `finished`
  /// once, after it or, with Command::serves, before. Throws Error (ExitCode::host).
  void start(Loop::Done finished, std::function<void()> gone);
  /// SIGTERM, at most the grace, SIGKILL.
  void cancel();
  /// SIGKILL at once.
  void kill();

 private:
  enum class Phase { running, draining, serving, terminating, killing, gone };
  struct Output {
    Stream stream;
    FileDescriptor pipe;
  };

  void read_output(Output& output);
  bool read_piece(Output& output);
  void close_output(Output& output);
  void read_reports();
  void main_ended(const SupervisorReport& report);
  void serve();
  void read_what_is_there();
  void after(std::chrono::milliseconds delay, void (SupervisedRun::*next)());
  void limit_reached();
  void terminate();
  void terminate_leftovers();
  void kill_tree();
  void insist();
  void give_up();
  void supervisor_lost();
  void gone();
  void finish_if_drained();
  void finish();
  void cancel_timer(std::optional<Loop::Timer>& timer);
  void release_supervisor();
  std::exception_ptr failure() const;
  Outcome judge() const;

  Loop& loop_;
  std::span<char> buffer_;
  Command command_;
  Sink sink_;
  Loop::Done finished_;
  std::function<void()> gone_;

  std::unique_ptr<Supervisor> supervisor_;
  Output out_{Stream::out, {}};
  Output err_{Stream::err, {}};
  std::optional<Loop::Timer> limit_;
  std::optional<Loop::Timer> step_;

  Phase phase_ = Phase::running;
  bool cancelled_ = false;  ///< a cancelled run is given less grace
  bool given_up_ = false;   ///< its supervisor did not end it
  bool stuck_ = false;      ///< not even SIGKILL ends it
  int wakes_ = 0;
  Loop::TimePoint kill_deadline_;
  std::optional<SupervisorReport> report_;
  Loop::TimePoint started_;
  Outcome outcome_;
};

}  // namespace rtfx::process
