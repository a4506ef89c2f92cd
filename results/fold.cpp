// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "results/event_log.hpp"
#include "results/plan_order.hpp"
#include "results/record.hpp"

namespace rtfx::results {
namespace {

/// The worse of two results has the greater number.
int badness(Result result) {
  switch (result) {
    case Result::skip:
      return 0;
    case Result::pass:
      return 1;
    case Result::cancel:
      return 2;
    case Result::fail:
      return 3;
    case Result::timeout:
      return 4;
    case Result::error:
      return 5;
  }
  return 5;
}

}  // namespace

struct Fold::State {
  using Time = std::chrono::system_clock::time_point;

  RunRecord run;
  std::string last_id;            ///< of the last run_started
  bool several = false;           ///< the log has several runs
  bool merged = false;            ///< a run_started named the runs that follow
  std::vector<bool> from_before;  ///< of each unit: its result is of an earlier run of this log

  /// The units by their ids, as places in run.units: no id is held twice.
  struct Hash {
    using is_transparent = void;
    const RunRecord* run;
    std::size_t operator()(const UnitId& unit) const { return unit.hash(); }
    std::size_t operator()(std::size_t place) const {
      return run->units[place].planned.unit.hash();
    }
  };
  struct Same {
    using is_transparent = void;
    const RunRecord* run;
    const UnitId& id(const UnitId& unit) const { return unit; }
    const UnitId& id(std::size_t place) const { return run->units[place].planned.unit; }
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      return id(a) == id(b);
    }
  };
  std::unordered_set<std::size_t, Hash, Same> places{0, Hash{&run}, Same{&run}};

  std::size_t place_of(const UnitId& id) {
    const auto found = places.find(id);
    if (found != places.end()) return *found;
    const std::size_t place = run.units.size();
    run.units.emplace_back();
    run.units.back().planned.unit = id;
    from_before.push_back(false);
    places.insert(place);
    return place;
  }
  UnitRecord& unit(const UnitId& id) { return run.units[place_of(id)]; }

  template <typename AnyEvent>
  void add(AnyEvent&& event) {
    if (!run.begin) run.begin = event.time;
    run.end = event.time;
    std::visit([&](auto&& what) { on(std::forward<decltype(what)>(what), event.time); },
               std::forward<AnyEvent>(event).what);
  }

  void on(RunStarted start, Time) {
    if (start.run_id != last_id && !last_id.empty()) {
      several = true;
      std::fill(from_before.begin(), from_before.end(), true);
    }
    last_id = start.run_id;
    auto subjects = std::move(run.start.subjects);
    for (auto& subject : start.subjects) {
      if (std::find(subjects.begin(), subjects.end(), subject) == subjects.end())
        subjects.push_back(std::move(subject));
    }
    if (!merged) run.start = std::move(start);
    merged = merged || !run.start.merged.empty();
    run.start.subjects = std::move(subjects);
    run.finished = false;
    run.reason.clear();
  }

  /// The script of a group that another run of this log has planned too.
  bool shared_group(std::size_t place) const {
    return run.units[place].planned.unit.kind == "group" && from_before[place];
  }

  void on(UnitPlanned planned, Time) {
    const std::size_t place = place_of(planned.unit);
    UnitRecord& record = run.units[place];
    if (shared_group(place)) {
      record.planned = std::move(planned);
      return;
    }
    record = {};
    record.planned = std::move(planned);
    from_before[place] = false;
  }

  void on(UnitStarted started, Time time) {
    const std::size_t place = place_of(started.unit);
    UnitRecord& record = run.units[place];
    if (record.finished && !shared_group(place)) {
      record.finished.reset();
      record.ended.reset();
      record.started.reset();
      record.retried.clear();
    }
    if (!record.started) record.started = time;
  }

  void on(UnitRetried retried, Time) {
    auto& record = unit(retried.unit);
    record.retried.push_back(std::move(retried));
  }

  void on(UnitFinished finished, Time time) {
    const std::size_t place = place_of(finished.unit);
    UnitRecord& record = run.units[place];
    const bool worst_counts = shared_group(place) && record.finished;
    from_before[place] = false;
    if (worst_counts && badness(record.finished->result) >= badness(finished.result)) return;
    record.finished = std::move(finished);
    record.ended = time;
  }

  void on(RunFinished finished, Time) {
    run.finished = finished.complete;
    run.reason = std::move(finished.reason);
  }
};

Fold::Fold() : state_(std::make_unique<State>()) {}
Fold::Fold(Fold&&) noexcept = default;
Fold::~Fold() = default;

void Fold::add(const Event& event) { state_->add(event); }
void Fold::add(Event&& event) { state_->add(std::move(event)); }

const RunRecord& Fold::record() const { return state_->run; }

RunRecord Fold::take() {
  state_->places.clear();
  if (state_->several) sort_as_planned(state_->run.units);
  RunRecord run = std::move(state_->run);
  state_ = std::make_unique<State>();
  return run;
}

RunRecord fold(const std::vector<Event>& events) {
  Fold fold;
  for (const auto& event : events) fold.add(event);
  return fold.take();
}

RunRecord read_run(const std::filesystem::path& folder) {
  Fold fold;
  for_each_event(folder / "events.jsonl", [&](Event&& event) { fold.add(std::move(event)); });
  return fold.take();
}

}  // namespace rtfx::results
