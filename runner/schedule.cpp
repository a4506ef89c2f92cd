// SPDX-License-Identifier: Apache-2.0
#include "runner/schedule.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace rtfx::runner {
namespace {

using std::chrono::nanoseconds;

/// Many tasks that do not fit must not make every decision slow.
constexpr std::size_t most_looked_at = 256;

/// What is unknown takes as long as what is known usually does.
nanoseconds usual_duration(const std::vector<Task>& tasks) {
  std::vector<nanoseconds> known;
  for (const Task& task : tasks) {
    if (task.expected && *task.expected > nanoseconds(0)) known.push_back(*task.expected);
  }
  if (known.empty()) return std::chrono::seconds(1);
  const auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
  std::nth_element(known.begin(), middle, known.end());
  return *middle;
}

}  // namespace

struct Schedule::State {
  /// The most urgent first.
  struct Place {
    nanoseconds rest;
    std::size_t task;
    bool operator<(const Place& other) const {
      return rest != other.rest ? rest > other.rest : task < other.task;
    }
  };
  /// One for each name of `exclusive`.
  struct Name {
    bool held = false;
    std::set<Place> waiting;
  };

  std::vector<Task> tasks;
  Capacity capacity;
  std::vector<nanoseconds> rest;  ///< from the start of a task to the end of what waits for it
  std::vector<std::size_t> unmet;
  std::vector<std::vector<std::size_t>> dependents;
  std::set<Place> ready;
  std::map<std::string, Name> names;
  int free_jobs;
  std::uint64_t free_memory;
  std::size_t left, running = 0;
  nanoseconds usual{0};
  nanoseconds work_left{0};  ///< of the tasks that have not started, on one job

  State(std::vector<Task> given, Capacity limits)
      : tasks(std::move(given)),
        capacity(limits),
        rest(tasks.size()),
        unmet(tasks.size()),
        dependents(tasks.size()),
        free_jobs(limits.jobs),
        free_memory(limits.memory),
        left(tasks.size()),
        usual(usual_duration(tasks)) {
    for (Task& task : tasks) fit(task.demand);
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      unmet[i] = tasks[i].after.size();
      for (const std::size_t before : tasks[i].after) dependents[before].push_back(i);
    }
    if (capacity.jobs > 1) weigh();
    for (std::size_t i = 0; i < tasks.size(); ++i) work_left += work(i);
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      if (unmet[i] == 0) ready.insert(place(i));
    }
  }

  void fit(Demand& demand) const {
    demand.cpus = std::clamp(demand.cpus, 1, capacity.jobs);
    if (capacity.memory == 0) demand.memory = 0;
    demand.memory = std::min(demand.memory, capacity.memory);
    std::sort(demand.exclusive.begin(), demand.exclusive.end());
    const auto end = std::unique(demand.exclusive.begin(), demand.exclusive.end());
    demand.exclusive.erase(end, demand.exclusive.end());
  }

  nanoseconds duration(std::size_t task) const { return tasks[task].expected.value_or(usual); }

  /// Tasks wait only for smaller numbers, so that one pass from the end knows all that follows.
  void weigh() {
    std::map<std::string, nanoseconds> held;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      for (const auto& name : tasks[i].demand.exclusive) held[name] += duration(i);
    }
    for (std::size_t i = tasks.size(); i-- > 0;) {
      nanoseconds own = duration(i), following{0};
      for (const auto& name : tasks[i].demand.exclusive) own = std::max(own, held[name]);
      for (const std::size_t next : dependents[i]) following = std::max(following, rest[next]);
      rest[i] = own + following;
    }
  }

  Place place(std::size_t task) const { return {rest[task], task}; }

  std::optional<std::size_t> start_next() {
    if (free_jobs == 0) return std::nullopt;
    std::size_t seen = 0;
    for (auto candidate = ready.begin(); candidate != ready.end() && ++seen <= most_looked_at;) {
      const Place place = *candidate;
      const Demand& demand = tasks[place.task].demand;
      if (Name* taken = taken_name(demand)) {
        ready.erase(candidate);
        taken->waiting.insert(place);
        wake_others(demand);
        candidate = ready.begin();  // what was woken may be more urgent
      } else if (demand.cpus <= free_jobs && demand.memory <= free_memory) {
        ready.erase(candidate);
        take(place.task);
        return place.task;
      } else if (is_critical(place.task)) {
        return std::nullopt;
      } else {
        ++candidate;
      }
    }
    return std::nullopt;
  }

  /// Whether the whole would last longer if the task started later: what has not started yet cannot
  /// fill the time that it needs.
  bool is_critical(std::size_t task) const { return rest[task] >= work_left / capacity.jobs; }

  Name* taken_name(const Demand& demand) {
    for (const auto& name : demand.exclusive) {
      if (Name& known = names[name]; known.held) return &known;
    }
    return nullptr;
  }

  /// A task that has to wait for one name does not keep others from the names that are free.
  void wake_others(const Demand& demand) {
    for (const auto& name : demand.exclusive) wake(names[name]);
  }

  void wake(Name& name) {
    if (name.held || name.waiting.empty()) return;
    ready.insert(name.waiting.extract(name.waiting.begin()));
  }

  nanoseconds work(std::size_t task) const { return duration(task) * tasks[task].demand.cpus; }

  void take(std::size_t task) {
    const Demand& demand = tasks[task].demand;
    work_left -= work(task);
    free_jobs -= demand.cpus;
    free_memory -= demand.memory;
    for (const auto& name : demand.exclusive) names[name].held = true;
    ++running;
  }

  void end(std::size_t task) {
    const Demand& demand = tasks[task].demand;
    free_jobs += demand.cpus;
    free_memory += demand.memory;
    for (const auto& name : demand.exclusive) {
      names[name].held = false;
      wake(names[name]);
    }
    --running;
    --left;
    for (const std::size_t next : dependents[task]) {
      if (--unmet[next] == 0) ready.insert(place(next));
    }
  }
};

Schedule::Schedule(std::vector<Task> tasks, Capacity capacity)
    : state_(std::make_unique<State>(std::move(tasks), capacity)) {}
Schedule::Schedule(Schedule&&) noexcept = default;
Schedule::~Schedule() = default;

std::optional<std::size_t> Schedule::start_next() { return state_->start_next(); }
void Schedule::end(std::size_t task) { state_->end(task); }
std::size_t Schedule::running() const { return state_->running; }
bool Schedule::done() const { return state_->left == 0; }

/// Graham's two lower bounds; with the longest tasks first the truth is close to the larger one.
std::optional<nanoseconds> Schedule::expected() const {
  nanoseconds work{0}, longest{0};
  bool known = false;
  for (std::size_t i = 0; i < state_->tasks.size(); ++i) {
    known |= state_->tasks[i].expected.value_or(nanoseconds(0)) > nanoseconds(0);
    work += state_->work(i);
    longest = std::max(longest, state_->rest[i]);
  }
  if (!known) return std::nullopt;
  return std::max(work / state_->capacity.jobs, longest);
}

}  // namespace rtfx::runner
