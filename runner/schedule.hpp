// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rtfx::runner {

/// What a task takes while it runs.
struct Demand {
  int cpus = 1;                        ///< of the jobs
  std::uint64_t memory = 0;            ///< bytes; 0: it does not matter
  std::vector<std::string> exclusive;  ///< names that only one running task may hold
};

struct Task {
  std::vector<std::size_t> after;  ///< numbers of tasks that must have ended before; all smaller
  Demand demand;
  /// How long it took before; unknown ones count as the median of the known.
  std::optional<std::chrono::nanoseconds> expected;
};

/// What there is to share. A task that wants more than all of it is given all of it.
struct Capacity {
  int jobs = 1;
  std::uint64_t memory = 0;  ///< bytes; 0: not limited
};

/// Decides what may run next. It starts nothing and waits for nothing: the caller asks, runs, and
/// tells what has ended.
///
/// With one job tasks go in the order of their numbers. With more, that one goes first after which
/// most time is still needed: it and the longest chain of tasks that wait for it, or for a name that
/// it holds (list scheduling by the critical path; Graham 1969 gives its bound). A task that does not
/// fit beside what runs is passed by others as long as these have work enough to fill the time that
/// it needs; then what becomes free is kept for it.
class Schedule {
 public:
  Schedule(std::vector<Task> tasks, Capacity capacity);
  Schedule(Schedule&&) noexcept;
  ~Schedule();

  /// The task that may start now, and has with this; none: first another one has to end.
  std::optional<std::size_t> start_next();
  void end(std::size_t task);

  std::size_t running() const;
  /// Whether every task has ended.
  bool done() const;
  /// How long all of it will take, as far as it can be foretold; nullopt when nothing is known.
  std::optional<std::chrono::nanoseconds> expected() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rtfx::runner
