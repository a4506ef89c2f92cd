// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>

#include "harness/process/process.hpp"

namespace rtfx::process {

/// The one place where a program that runs many commands waits: for their output, their ends, time
/// limits and whatever else it watches. Everything is called back from run(), on the thread that
/// called it; only post() may be called from another one. An exception that leaves a callback leaves
/// run(). The destructor kills what still runs, with everything that it started.
///
/// This is the seam that unit tests replace (fake_loop.hpp): processes and the clock are behind it.
class Loop {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  enum class Child : std::uint64_t {};
  enum class Timer : std::uint64_t {};
  /// How a command ended; with `failure` it did not: an Error (ExitCode::host), as Runner::run throws it.
  using Done = std::function<void(const Outcome& outcome, std::exception_ptr failure)>;

  virtual ~Loop() = default;

  virtual TimePoint now() const = 0;

  /// Starts the command. `done` is called once, after the last call of `sink`, when the command and
  /// every descendant is gone; never from within start(). What keeps it from starting is told to `done` too.
  /// With Command::serves it is called when the command has ended, and `sink` may be called after it.
  virtual Child start(Command command, Sink sink, Done done) = 0;
  /// Ends the command's whole tree: SIGTERM, at most `grace`, SIGKILL. Its outcome will be
  /// `cancelled`. Nothing happens when it has ended.
  virtual void cancel(Child child) = 0;
  /// SIGKILL for its whole tree at once.
  virtual void kill(Child child) = 0;
  /// Calls back when nothing of the command is left; at once when that is so already.
  virtual void when_gone(Child child, std::function<void()> callback) = 0;

  /// Calls back once, not before `delay`. What has ended, and been written, before this process sees the delay over is
  /// told first: a process that was stopped for a while (Ctrl-Z) must not take for late what was not.
  virtual Timer after(std::chrono::milliseconds delay, std::function<void()> callback) = 0;
  /// The callback will not be called; nothing happens when it has been.
  virtual void cancel(Timer timer) = 0;

  /// Calls back whenever the descriptor can be read, its end included, until unwatch(). A file, a directory and
  /// /dev/null, for which there is nothing to wait, never call back. A second watch replaces the first. To be unwatched
  /// before it is closed.
  virtual void watch(int fd, std::function<void()> callback) = 0;
  virtual void unwatch(int fd) = 0;

  /// From any thread: calls back soon.
  virtual void post(std::function<void()> callback) = 0;

  /// Returns after stop(); may be called again, after an exception too.
  virtual void run() = 0;
  virtual void stop() = 0;
};

/// Real processes. The first one makes this process a child subreaper (PR_SET_CHILD_SUBREAPER) and forks the process
/// that starts the others, so it should come early. What children inherit besides directory and environment (umask,
/// limits, priority) is that of this moment. Each loop belongs to one thread; there may be several.
std::unique_ptr<Loop> make_loop();

}  // namespace rtfx::process
