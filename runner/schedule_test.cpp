// SPDX-License-Identifier: Apache-2.0
#include "runner/schedule.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace rtfx::runner {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using testing::ElementsAre;

/// Runs the tasks in time that only the test knows.
struct Simulation {
  explicit Simulation(std::vector<Task> given, Capacity capacity)
      : tasks(given), limits(capacity), schedule(std::move(given), capacity) {}

  nanoseconds run() {
    std::multimap<nanoseconds, std::size_t> ends;
    nanoseconds now{0};
    for (;;) {
      while (const auto task = schedule.start_next()) {
        order.push_back(*task);
        check(*task, ends);
        ends.emplace(now + truth(*task), *task);
      }
      EXPECT_EQ(schedule.running(), ends.size());
      if (ends.empty()) break;
      now = ends.begin()->first;
      schedule.end(ends.begin()->second);
      ended.insert(ends.begin()->second);
      ends.erase(ends.begin());
    }
    EXPECT_TRUE(schedule.done()) << "some tasks can never start";
    return now;
  }

  nanoseconds truth(std::size_t task) const { return tasks[task].expected.value_or(1s); }

  void check(std::size_t task, const std::multimap<nanoseconds, std::size_t>& running) {
    for (const std::size_t before : tasks[task].after) EXPECT_TRUE(ended.contains(before));
    int cpus = std::min(tasks[task].demand.cpus, limits.jobs);
    std::uint64_t memory = tasks[task].demand.memory;
    for (const auto& [end, other] : running) {
      cpus += std::min(tasks[other].demand.cpus, limits.jobs);
      memory += tasks[other].demand.memory;
      for (const auto& name : tasks[other].demand.exclusive) {
        const auto& mine = tasks[task].demand.exclusive;
        EXPECT_EQ(std::count(mine.begin(), mine.end(), name), 0) << name << " is held twice";
      }
    }
    EXPECT_LE(cpus, limits.jobs);
    if (limits.memory > 0 && !running.empty()) {
      EXPECT_LE(memory, limits.memory);
    }
  }

  std::vector<Task> tasks;
  Capacity limits;
  Schedule schedule;
  std::vector<std::size_t> order;
  std::set<std::size_t> ended;
};

Task lasting(nanoseconds time) { return {{}, {}, time}; }

TEST(Schedule, one_job_is_plain_order_whatever_lasts_how_long) {
  Simulation run({lasting(1s), lasting(9s), lasting(5s)}, {1, 0});
  EXPECT_EQ(run.run(), 15s);
  EXPECT_THAT(run.order, ElementsAre(0u, 1u, 2u));
}

TEST(Schedule, the_longest_known_task_starts_first) {
  Simulation run({lasting(1s), lasting(2s), lasting(10s), lasting(3s)}, {2, 0});
  EXPECT_EQ(run.run(), 10s);
  EXPECT_THAT(run.order, ElementsAre(2u, 3u, 1u, 0u));
}

TEST(Schedule, a_chain_counts_as_long_as_all_of_it) {
  std::vector<Task> tasks{lasting(4s), lasting(4s), lasting(1s), lasting(7s)};
  tasks[3].after = {2};
  Simulation run(tasks, {2, 0});
  EXPECT_EQ(run.run(), 8s);
  EXPECT_EQ(run.order.front(), 2u);
}

TEST(Schedule, what_is_unknown_counts_as_the_median) {
  std::vector<Task> tasks{lasting(1s), lasting(1s), {}, lasting(8s), lasting(9s)};
  Simulation run(tasks, {2, 0});
  run.run();
  EXPECT_THAT(run.order, ElementsAre(4u, 2u, 3u, 0u, 1u));
}

TEST(Schedule, holders_of_one_name_run_one_after_the_other_and_start_early) {
  std::vector<Task> tasks;
  for (int i = 0; i < 6; ++i) tasks.push_back(lasting(2s));
  for (const std::size_t i : {2u, 4u, 5u}) tasks[i].demand.exclusive = {"loop"};
  Simulation run(tasks, {2, 0});
  EXPECT_EQ(run.run(), 6s);
  EXPECT_EQ(run.order.front(), 2u);
}

TEST(Schedule, a_name_that_is_free_is_not_kept_by_one_that_waits_for_another_name) {
  std::vector<Task> tasks{lasting(9s), lasting(3s), lasting(2s)};
  tasks[0].demand.exclusive = {"a"};
  tasks[1].demand.exclusive = {"a", "b"};
  tasks[2].demand.exclusive = {"b"};
  Simulation run(tasks, {3, 0});
  EXPECT_EQ(run.run(), 12s);
}

TEST(Schedule, a_long_task_for_which_there_is_no_room_is_passed_only_while_that_costs_nothing) {
  std::vector<Task> tasks(40, lasting(1s));
  for (std::size_t i = 0; i < 4; ++i) tasks[i].expected = std::chrono::milliseconds(1100 + 100 * i);
  tasks[39] = lasting(6s);
  tasks[39].demand.cpus = 3;
  Simulation run(tasks, {4, 0});
  EXPECT_LE(run.run(), 16s) << "work for " << (35 + 1.1 + 1.2 + 1.3 + 1.4 + 18) / 4 << " s";
}

TEST(Schedule, cases_that_do_not_fit_leave_room_for_those_that_do) {
  std::vector<Task> tasks(6, lasting(1s));
  for (const std::size_t i : {0u, 1u, 2u}) tasks[i].demand.exclusive = {"disk"};
  tasks[3].demand.cpus = 3;
  Simulation run(tasks, {3, 0});
  EXPECT_EQ(run.run(), 4s) << "the exclusive ones with two others beside them, then the wide one";
}

TEST(Schedule, memory_is_shared_and_more_than_all_of_it_runs_alone) {
  std::vector<Task> tasks(4, lasting(1s));
  for (Task& task : tasks) task.demand.memory = 600;
  tasks[3].demand.memory = 5000;
  Simulation run(tasks, {4, 1200});
  run.tasks[3].demand.memory = 1200;
  EXPECT_EQ(run.run(), 3s);
}

TEST(Schedule, more_cpus_than_jobs_are_all_of_the_jobs) {
  std::vector<Task> tasks(3, lasting(1s));
  tasks[1].demand.cpus = 64;
  Simulation run(tasks, {2, 0});
  EXPECT_EQ(run.run(), 2s);
}

TEST(Schedule, many_holders_of_one_name_take_no_time_to_decide) {
  std::vector<Task> tasks(20'000, lasting(1s));
  for (Task& task : tasks) task.demand.exclusive = {"one"};
  Simulation run(tasks, {8, 0});
  EXPECT_EQ(run.run(), 20'000s);
}

TEST(Schedule, random_tasks_end_within_a_tenth_of_what_is_possible) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
    const Capacity capacity{2 + below(7), 0};
    std::vector<Task> tasks;
    nanoseconds work{0}, longest{0};
    for (int i = 0; i < 150; ++i) {
      tasks.push_back(lasting(std::chrono::milliseconds(100 + below(3000))));
      work += *tasks.back().expected;
      longest = std::max(longest, *tasks.back().expected);
    }
    const auto least = std::max(work / capacity.jobs, longest);
    Simulation run(tasks, capacity);
    EXPECT_LE(run.run(), least * 11 / 10) << "seed " << seed;
  }
}

TEST(Schedule, random_demands_are_never_exceeded_and_everything_runs) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
    std::vector<Task> tasks;
    for (std::size_t i = 0; i < 60; ++i) {
      Task task = lasting(std::chrono::milliseconds(1 + below(500)));
      if (below(3) == 0) task.expected.reset();
      task.demand.cpus = 1 + below(4);
      task.demand.memory = static_cast<std::uint64_t>(below(800));
      for (const char* name : {"a", "b", "c"}) {
        if (below(4) == 0) task.demand.exclusive.emplace_back(name);
      }
      for (int n = below(3); i > 0 && n > 0; --n)
        task.after.push_back(static_cast<std::size_t>(below(static_cast<unsigned>(i))));
      std::sort(task.after.begin(), task.after.end());
      task.after.erase(std::unique(task.after.begin(), task.after.end()), task.after.end());
      tasks.push_back(std::move(task));
    }
    Simulation(tasks, {1 + below(5), 1000}).run();
  }
}

TEST(Schedule, foretells_the_whole_when_something_is_known) {
  EXPECT_EQ(Schedule({lasting(4s), lasting(2s), lasting(2s)}, {2, 0}).expected(), 4s);
  EXPECT_EQ(Schedule({lasting(9s), lasting(2s)}, {2, 0}).expected(), 9s);
  EXPECT_FALSE(Schedule({Task{}, Task{}}, {2, 0}).expected());
}

}  // namespace
}  // namespace rtfx::runner
