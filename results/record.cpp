// SPDX-License-Identifier: Apache-2.0
#include "results/record.hpp"

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "results/event_log.hpp"

namespace rtfx::results {
namespace {

class Folder {
 public:
  void add(const Event& event) {
    if (!run_.begin) run_.begin = event.time;
    run_.end = event.time;
    std::visit([&](const auto& what) { on(what, event.time); }, event.what);
  }

  RunRecord take() { return std::move(run_); }

 private:
  using Time = std::chrono::system_clock::time_point;

  /// A log can have several of them (a continued or merged run): the last one speaks, the subjects
  /// add up.
  void on(const RunStarted& start, Time) {
    auto subjects = std::move(run_.start.subjects);
    for (const auto& subject : start.subjects) {
      if (std::find(subjects.begin(), subjects.end(), subject) == subjects.end())
        subjects.push_back(subject);
    }
    run_.start = start;
    run_.start.subjects = std::move(subjects);
    run_.finished = false;
  }

  /// A unit that is planned again has no result until it finishes again: an old pass must not stand
  /// for it.
  void on(const UnitPlanned& planned, Time) {
    auto& record = unit(planned.unit);
    record = {};
    record.planned = planned;
  }

  void on(const UnitStarted& started, Time time) {
    auto& record = unit(started.unit);
    if (!record.started) record.started = time;
  }

  void on(const UnitRetried& retried, Time) { unit(retried.unit).retried.push_back(retried); }

  void on(const UnitFinished& finished, Time time) {
    auto& record = unit(finished.unit);
    record.finished = finished;
    record.ended = time;
  }

  void on(const RunFinished& finished, Time) { run_.finished = finished.complete; }

  UnitRecord& unit(const UnitId& id) {
    const auto [place, is_new] = places_.try_emplace(id, run_.units.size());
    if (is_new) {
      run_.units.emplace_back();
      run_.units.back().planned.unit = id;
    }
    return run_.units[place->second];
  }

  RunRecord run_;
  std::map<UnitId, std::size_t> places_;
};

}  // namespace

const UnitRecord* RunRecord::find(const UnitId& unit) const {
  for (const auto& record : units) {
    if (record.planned.unit == unit) return &record;
  }
  return nullptr;
}

RunRecord fold(const std::vector<Event>& events) {
  Folder folder;
  for (const auto& event : events) folder.add(event);
  return folder.take();
}

RunRecord read_run(const std::filesystem::path& folder) {
  return fold(read_events(folder / "events.jsonl"));
}

Counts count(const RunRecord& run) {
  Counts counts;
  for (const auto& unit : run.units) {
    if (unit.planned.unit.kind != "case") continue;
    if (!unit.finished) {
      ++counts.missing;
      continue;
    }
    switch (unit.finished->result) {
      case Result::pass:
        ++counts.passed;
        break;
      case Result::fail:
        ++counts.failed;
        break;
      case Result::error:
        ++counts.errored;
        break;
      case Result::timeout:
        ++counts.timed_out;
        break;
      case Result::skip:
        ++counts.skipped;
        break;
      case Result::cancel:
        ++counts.cancelled;
        break;
    }
  }
  return counts;
}

}  // namespace rtfx::results
