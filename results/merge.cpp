// SPDX-License-Identifier: Apache-2.0
#include "results/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "results/event_log.hpp"
#include "results/merge_files.hpp"
#include "results/output_file.hpp"
#include "results/reports.hpp"
#include "results/shards.hpp"
#include "results/timestamp.hpp"

namespace rtfx::results {
namespace {

namespace fs = std::filesystem;
using Time = std::chrono::system_clock::time_point;

struct UnitHash {
  std::size_t operator()(const UnitId& unit) const { return unit.hash(); }
};

/// "a, b, c and 4 more".
std::string some_of(const std::vector<std::string>& words) {
  constexpr std::size_t shown = 3;
  if (words.size() <= shown) return text::join(words, ", ");
  return fmt::format("{} and {} more", text::join({words.begin(), words.begin() + shown}, ", "),
                     words.size() - shown);
}

/// A run's id as the name of a folder.
std::string folder_name(const std::string& id) {
  std::string name = id.empty() ? "run" : text::printable(id);
  std::replace(name.begin(), name.end(), '/', '-');
  if (name.front() == '.') name.front() = '_';
  if (name.size() > 200) name.resize(200);
  return name;
}

bool within(const fs::path& inner, const fs::path& outer) {
  const fs::path a = fs::canonical(inner), b = fs::canonical(outer);
  return std::mismatch(b.begin(), b.end(), a.begin(), a.end()).first == b.end();
}

class Merger {
 public:
  Merger(const MergeRequest& request, const fs::path& target)
      : request_(request), target_(target), out_(target / "events.jsonl") {}

  MergeOutcome merge() {
    for (const fs::path& folder : request_.runs) read(folder);
    const ShardCover cover = cover_of(runs_);
    note_differences();
    choose_results();
    append({merged_start(cover), begin()});
    for (std::size_t i = 0; i < runs_.size(); ++i) copy(i);
    append({merged_end(cover), end()});
    out_.commit();
    MergeOutcome outcome{fold_.take(), std::move(notes_)};
    write_reports(outcome.run, target_);
    return outcome;
  }

 private:
  void note(const std::string& text) { notes_.push_back(text); }

  void read(const fs::path& folder) {
    if (!fs::exists(folder / "events.jsonl")) {
      throw Error(folder.string() + " is not the folder of a run: it has no events.jsonl",
                  ExitCode::usage);
    }
    if (within(target_, folder)) {
      throw Error(fmt::format("the merged run would be within {}, which is merged: give another -r",
                              folder.string()),
                  ExitCode::usage);
    }
    Fold fold;
    std::vector<std::string> members;
    std::vector<std::optional<bool>> ends;  // of the members, once their run_finished was met
    for_each_event(folder / "events.jsonl", [&](Event&& event) {
      if (const auto* start = std::get_if<RunStarted>(&event.what)) {
        meet(*start, event.time, folder, members);
        ends.resize(members.size());
      } else if (const auto* end = std::get_if<RunFinished>(&event.what)) {
        if (!ends.empty() && !ends.back()) ends.back() = end->complete;
      }
      fold.add(std::move(event));
    });
    runs_.push_back(fold.take());
    // A merged run that lacked shards may get them now.
    const bool merged = !runs_.back().start.merged.empty();
    const auto ended = [](const std::optional<bool>& end) { return end.value_or(false); };
    if (merged) runs_.back().finished = std::all_of(ends.begin(), ends.end(), ended);
    if (members.empty()) {
      throw Error(
          (folder / "events.jsonl").string() + " is not the log of a run: it has no run_started",
          ExitCode::usage);
    }
    members_.push_back(std::move(members));
    const RunRecord& run = runs_.back();
    if (!run.finished)
      note(fmt::format("run {} ({}) did not come to its end{}", run.start.run_id, folder.string(),
                       run.reason.empty() ? "" : ": " + run.reason));
  }

  /// A run is known by its id and its start: different machines may give the same id.
  void meet(const RunStarted& start, Time time, const fs::path& folder,
            std::vector<std::string>& members) {
    if (!start.merged.empty()) return;
    if (!members.empty() && given_ids_[members.back()] == start.run_id) return;  // continued
    const auto [other, is_new] = met_.try_emplace({start.run_id, time}, folder);
    if (!is_new) {
      throw Error(fmt::format("the run {} is given twice: {} and {}", start.run_id,
                              other->second.string(), folder.string()),
                  ExitCode::usage);
    }
    std::string id = start.run_id;
    for (int i = 2; given_ids_.contains(id); ++i) id = fmt::format("{}.{}", start.run_id, i);
    given_ids_[id] = start.run_id;
    members.push_back(id);
  }

  /// What all runs agree about; `none` when they do not.
  template <typename Value>
  Value common(Value RunStarted::*member, const Value& none) const {
    const Value& first = runs_.front().start.*member;
    for (const RunRecord& run : runs_) {
      if (run.start.*member != first) return none;
    }
    return first;
  }

  void note_differences() {
    std::set<std::string> commits;
    for (const RunRecord& run : runs_) commits.insert(run.start.commit);
    if (commits.size() > 1)
      note("the runs are of different commits: " +
           text::join({commits.begin(), commits.end()}, ", "));
  }

  /// Of each case that several runs have: which of them counts.
  void choose_results() {
    std::vector<std::string> several;
    std::set<UnitId> told;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      for (const UnitRecord& record : runs_[i].units) {
        const UnitId& unit = record.planned.unit;
        if (unit.kind == "group") continue;
        const bool ran = !record.finished || record.finished->result != Result::skip;
        const auto [place, is_new] = chosen_.try_emplace(unit, Chosen{i, ran});
        if (is_new) continue;
        Chosen& chosen = place->second;
        if (ran && chosen.ran && told.insert(unit).second) several.push_back(unit.name);
        if (ran || !chosen.ran) chosen = {i, ran};
      }
    }
    if (!several.empty())
      note(fmt::format(
          "{} in several of the runs, the last of which counts: {}",
          several.size() == 1 ? "a test is" : fmt::format("{} tests are", several.size()),
          some_of(several)));
  }

  RunStarted merged_start(const ShardCover& cover) const {
    RunStarted start = runs_.front().start;
    start.run_id = request_.id;
    start.version = request_.version;
    start.command_line = request_.command_line;
    start.commit = common(&RunStarted::commit, {});
    start.given_labels = common(&RunStarted::given_labels, {});
    for (std::string RunStarted::*member :
         {&RunStarted::host_os, &RunStarted::host_arch, &RunStarted::host_name,
          &RunStarted::host_version, &RunStarted::host_model, &RunStarted::host_cpu,
          &RunStarted::hostname})
      start.*member = common(member, {});
    start.host_memory = common(&RunStarted::host_memory, std::int64_t{-1});
    start.shard = cover.missing.empty() ? "" : text::join(cover.present, ",");
    start.merged.clear();
    for (const auto& members : members_)
      start.merged.insert(start.merged.end(), members.begin(), members.end());
    for (const RunRecord& run : runs_) {
      for (const std::string& label : run.start.labels) {
        if (std::find(start.labels.begin(), start.labels.end(), label) == start.labels.end())
          start.labels.push_back(label);
      }
    }
    return start;
  }

  RunFinished merged_end(const ShardCover& cover) {
    if (!cover.missing.empty()) {
      const std::string reason =
          fmt::format("{} missing: {}", cover.missing.size() == 1 ? "a shard is" : "shards are",
                      some_of(cover.missing));
      note(reason);
      return {false, reason};
    }
    for (const RunRecord& run : runs_) {
      if (!run.finished) return {false, fmt::format("run {} is not complete", run.start.run_id)};
    }
    return {true, ""};
  }

  Time begin() const {
    std::optional<Time> first;
    for (const RunRecord& run : runs_) {
      if (run.begin && (!first || *run.begin < *first)) first = run.begin;
    }
    return *first;
  }

  Time end() const {
    std::optional<Time> last;
    for (const RunRecord& run : runs_) {
      if (run.end && (!last || *run.end > *last)) last = run.end;
    }
    return *last;
  }

  /// Whether a later event of the run would hide the result that counts.
  bool hides(std::size_t run, const UnitId& unit) const {
    const auto chosen = chosen_.find(unit);
    return chosen != chosen_.end() && chosen->second.run < run;
  }

  void copy(std::size_t index) {
    const fs::path& folder = request_.runs[index];
    const MergedFiles files(folder, target_, folder_name(members_[index].front()),
                            runs_[index].finished);
    if (files.left_out() > 0)
      note(fmt::format("{}: links and special files are left out: {}", folder.string(),
                       files.left_out()));
    auto member = members_[index].begin();
    std::string given;
    for_each_event(folder / "events.jsonl", [&](Event&& event) {
      if (auto* start = std::get_if<RunStarted>(&event.what)) {
        if (!start->merged.empty()) return;
        if (!given.empty() && start->run_id != given) ++member;
        given = start->run_id;
        start->run_id = *member;
      } else if (const UnitId* unit = unit_of(event); unit != nullptr && hides(index, *unit)) {
        return;
      }
      if (auto* retried = std::get_if<UnitRetried>(&event.what))
        retried->log = files.now(retried->log);
      if (auto* finished = std::get_if<UnitFinished>(&event.what))
        finished->log = files.now(finished->log);
      append(event);
    });
  }

  static const UnitId* unit_of(const Event& event) {
    return std::visit(
        [](const auto& what) -> const UnitId* {
          if constexpr (requires { what.unit; }) {
            return &what.unit;
          } else {
            return nullptr;
          }
        },
        event.what);
  }

  void append(const Event& event) {
    out_.append(format_event(event) + "\n");
    fold_.add(event);
  }

  struct Chosen {
    std::size_t run = 0;
    bool ran = false;
  };

  const MergeRequest& request_;
  const fs::path& target_;
  OutputFile out_;
  Fold fold_;
  std::vector<RunRecord> runs_;
  std::vector<std::vector<std::string>> members_;  ///< of each run: the ids that the log will have
  std::map<std::string, std::string> given_ids_;   ///< what the runs call themselves
  std::map<std::pair<std::string, Time>, fs::path> met_;
  std::unordered_map<UnitId, Chosen, UnitHash> chosen_;
  std::vector<std::string> notes_;
};

}  // namespace

MergeOutcome merge(const MergeRequest& request, const fs::path& target) {
  return Merger(request, target).merge();
}

}  // namespace rtfx::results
