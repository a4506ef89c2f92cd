// SPDX-License-Identifier: Apache-2.0
//
// A run from top to bottom: select and plan, log the plan, schedule and execute the steps, record
// what becomes of them, write the reports. Everything happens on the thread that calls run_cases(),
// in one event loop; nothing here waits.
#include "runner/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "results/reports.hpp"
#include "runner/environment.hpp"
#include "runner/plan.hpp"
#include "runner/run_folder.hpp"
#include "runner/run_log.hpp"
#include "runner/schedule.hpp"
#include "runner/select.hpp"
#include "runner/share.hpp"
#include "runner/steps.hpp"
#include "runner/system.hpp"
#include "runner/unit.hpp"

namespace rtfx::runner {
namespace {

using results::Result;
using results::UnitFinished;
using results::UnitId;

Plan plan_of(const Group& tree, const RunOptions& options, const ArchTable& arches) {
  Plan plan = make_plan(tree, options, arches);
  std::erase_if(plan.units, [&](const CaseUnit& unit) {
    return options.only && !options.only->contains(unit.planned.unit);
  });
  return plan;
}

/// "1h", "5m", "90s".
std::string format_limit(std::chrono::seconds limit) {
  const auto seconds = limit.count();
  if (seconds % 3600 == 0) return fmt::format("{}h", seconds / 3600);
  return seconds % 60 == 0 ? fmt::format("{}m", seconds / 60) : fmt::format("{}s", seconds);
}

class Execution {
 public:
  Execution(const Group& tree, const RunOptions& options, const ArchTable& arches,
            process::Loop& loop, Reporter& reporter)
      : tree_(tree),
        options_(options),
        arches_(arches),
        loop_(loop),
        reporter_(reporter),
        plan_(plan_of(tree, options, arches)),
        steps_(make_steps(tree, plan_, options.arches)),
        schedule_(make_tasks(steps_, plan_, options), {options.jobs, options.memory}),
        folder_(make_run_folder(options.results, options.id, options.link_latest)),
        log_(folder_.path, reporter),
        init_failures_(steps_.size()) {
    const ScriptPlace place{tree.directory, folder_.path, share_directory()};
    for (const Arch& arch : options.arches)
      environments_[arch.name] = script_environment(place, options, arch, arches);
  }

  results::RunRecord run(const std::stop_token& stop) {
    log_start();
    log_plan();
    finish_what_needs_no_run();
    execute(stop);
    return conclude();
  }

 private:
  // ---- what is known before anything runs

  void log_start();
  void log_plan();
  void finish_what_needs_no_run();
  std::set<UnitId> vanished() const;

  // ---- the loop

  void execute(const std::stop_token& token);
  void start_what_can();
  void begin(std::size_t step);
  /// Lets nothing more start, and ends what runs.
  void stop(const StopCause& cause);
  /// Runs `body`; a disk that is full, for instance, stops the run at once.
  template <typename Body>
  void guarded(Body body);
  results::RunRecord conclude();
  void write_reports(const results::RunRecord& record) const;

  // ---- one step

  void begin_init(std::size_t step);
  void begin_unit(std::size_t step);
  void begin_deinit(std::size_t step);
  void begin_attempt(std::size_t step, int attempt = 1);
  UnitScripts scripts_of(const Step& step) const;
  Script make_script(const fs::path& path, const fs::path& directory, const std::string& name,
                     const Arch& arch) const;
  std::string log_name(const Step& step, int earlier_attempt = 0) const;
  void attempt_ended(std::size_t step, int attempt, const Ending& ending);
  bool retried(std::size_t step, int attempt, const Ending& ending);
  void end_without_run(std::size_t step, Result result, const std::string& reason);
  void ended(std::size_t step, const UnitFinished& finished);

  // ---- groups whose init failed

  struct InitFailure {
    Result result;
    std::string reason;
    bool ran;
  };
  const InitFailure* failure_of(const Step& step) const {
    if (!step.init) return nullptr;
    const auto& failure = init_failures_[*step.init];
    return failure ? &*failure : nullptr;
  }

  /// A step that runs.
  struct Running {
    int attempt;
    std::unique_ptr<Unit> unit;
  };

  const Group& tree_;
  const RunOptions& options_;
  const ArchTable& arches_;
  process::Loop& loop_;
  Reporter& reporter_;
  const Plan plan_;
  const std::vector<Step> steps_;
  Schedule schedule_;
  const RunFolder folder_;
  RunLog log_;
  std::map<std::string, std::map<std::string, std::string>> environments_;  ///< by arch
  std::vector<std::optional<InitFailure>> init_failures_;                   ///< by step
  std::map<std::size_t, Running> running_;                                  ///< by step
  std::optional<StopCause> stopped_;
  std::exception_ptr failure_;
};

// ---- what is known before anything runs

void Execution::log_start() {
  const SystemInfo& system = system_info();
  results::RunStarted start;
  start.run_id = folder_.id;
  start.version = options_.version;
  start.commit = options_.commit;
  start.command_line = options_.command_line;
  start.given_labels = options_.labels;
  if (options_.shard.count > 1)
    start.shard = fmt::format("{}/{}", options_.shard.index, options_.shard.count);
  start.subjects = options_.subjects;
  start.host_os = system.os;
  start.host_arch = system.arch;
  start.host_name = system.name;
  start.host_version = system.version;
  start.host_model = system.model;
  start.host_cpu = system.cpu;
  start.host_memory = system.memory;
  Labels labels;
  for (const Arch& arch : options_.arches)
    labels.inherit(present_labels(options_.labels, arch, arches_));
  start.labels.assign(labels.wanted.begin(), labels.wanted.end());
  for (const auto& label : labels.unwanted) start.labels.push_back("!" + label);

  const auto cases = std::count_if(steps_.begin(), steps_.end(),
                                   [](const Step& step) { return step.kind == Step::Kind::unit; });
  reporter_.run_started({folder_.id, folder_.path, text::join(start.labels, ", "),
                         static_cast<std::size_t>(cases), options_.jobs, schedule_.expected()});
  log_.append({start});
}

void Execution::log_plan() {
  const auto plan = [this](UnitId unit, const std::string& summary) {
    results::UnitPlanned planned;
    planned.unit = std::move(unit);
    planned.summary = summary;
    log_.append({std::move(planned)});
  };
  const auto plan_scripts = [&](Step::Kind kind) {
    for (const Step& step : steps_) {
      if (step.kind == kind) plan(unit_of(step, plan_), step.group->headers.summary);
    }
  };
  for (const UnitFinished& prior : options_.prior) plan(prior.unit, "");
  plan_scripts(Step::Kind::init);
  for (const CaseUnit& unit : plan_.units) log_.append({unit.planned});
  plan_scripts(Step::Kind::deinit);
}

void Execution::finish_what_needs_no_run() {
  for (const UnitFinished& prior : options_.prior) log_.append({prior});
  for (const CaseUnit& unit : plan_.units) {
    UnitFinished finished;
    if (unit.reused) {
      finished = *unit.reused;
      finished.key = unit.key;
      if (finished.reused_from.empty()) finished.reused_from = "an earlier run";
    } else if (!unit.skip_reason.empty()) {
      finished.result = Result::skip;
      finished.reason = unit.skip_reason;
    } else {
      continue;
    }
    finished.unit = unit.planned.unit;
    log_.append({std::move(finished)});
  }
  for (const UnitId& id : vanished()) {
    UnitFinished finished;
    finished.unit = id;
    finished.result = Result::error;
    finished.reason = "there is no such case any more";
    log_.append({std::move(finished)});
  }
}

/// Units of the run that is resumed whose cases have gone since.
std::set<UnitId> Execution::vanished() const {
  std::set<UnitId> wanted = options_.only.value_or(std::set<UnitId>());
  for (const CaseUnit& unit : plan_.units) wanted.erase(unit.planned.unit);
  return wanted;
}

// ---- the loop

void Execution::execute(const std::stop_token& token) {
  // A stop may be asked for on any thread, and before the loop runs.
  const std::stop_callback on_stop(token, [this] {
    loop_.post([this] { stop({Result::cancel, "interrupted", true, "the run was interrupted"}); });
  });
  std::optional<process::Loop::Timer> limit;
  if (options_.global_timeout.count() > 0) {
    limit = loop_.after(options_.global_timeout, [this] {
      const std::string reason = fmt::format("the time limit of the whole run, {}, was over",
                                             format_limit(options_.global_timeout));
      stop({Result::timeout, reason, true, reason});
    });
  }
  loop_.post([this] { start_what_can(); });
  loop_.run();
  if (limit) loop_.cancel(*limit);
}

void Execution::start_what_can() {
  guarded([this] {
    while (!stopped_) {
      const auto step = schedule_.start_next();
      if (!step) break;
      begin(*step);
    }
  });
  if (running_.empty() && (stopped_ || schedule_.done())) loop_.stop();
}

void Execution::begin(std::size_t step) {
  switch (steps_[step].kind) {
    case Step::Kind::init:
      return begin_init(step);
    case Step::Kind::unit:
      return begin_unit(step);
    case Step::Kind::deinit:
      return begin_deinit(step);
  }
}

void Execution::stop(const StopCause& cause) {
  if (stopped_) return;
  stopped_ = cause;
  for (auto& [step, running] : running_) running.unit->stop(cause);
  if (running_.empty()) loop_.stop();
}

template <typename Body>
void Execution::guarded(Body body) {
  try {
    body();
  } catch (const Error&) {
    if (!failure_) failure_ = std::current_exception();
    stop({Result::cancel, "the run was stopped", true, "the run was stopped"});
    for (auto& [step, running] : running_) running.unit->kill();
  }
}

results::RunRecord Execution::conclude() {
  const auto finish = [this] {
    log_.append({results::RunFinished{!stopped_ && !failure_, stopped_ ? stopped_->of_run : ""}});
    results::RunRecord record = log_.take();
    write_reports(record);
    return record;
  };
  if (!failure_) return finish();
  // The results so far are worth a report; that it cannot be written must not hide what went wrong
  // first.
  try {
    finish();
  } catch (const Error&) {
  }
  try {
    std::rethrow_exception(failure_);
  } catch (const Error& error) {
    throw error.with_context("the run was stopped");
  }
}

void Execution::write_reports(const results::RunRecord& record) const {
  try {
    results::write_reports(record, folder_.path);
  } catch (const Error& error) {
    throw Error(fmt::format("{}\nevery result is in {}; when that is mended, run: rtfx report {}",
                            error.what(), (folder_.path / "events.jsonl").string(),
                            folder_.path.string()));
  }
}

// ---- one step

void Execution::begin_init(std::size_t step) {
  if (const InitFailure* failure = failure_of(steps_[step])) {
    const std::string reason = failure->reason;
    init_failures_[step] = InitFailure{failure->result, reason, false};
    return end_without_run(step, Result::skip, reason);
  }
  begin_attempt(step);
}

void Execution::begin_unit(std::size_t step) {
  if (const InitFailure* failure = failure_of(steps_[step]))
    return end_without_run(step, failure->result, failure->reason);
  begin_attempt(step);
}

/// When the init ran, even if it failed, what it left behind is cleaned up.
void Execution::begin_deinit(std::size_t step) {
  const InitFailure* failure = failure_of(steps_[step]);
  if (failure && !failure->ran) return end_without_run(step, Result::skip, failure->reason);
  begin_attempt(step);
}

void Execution::begin_attempt(std::size_t step, int attempt) {
  const UnitId id = unit_of(steps_[step], plan_);
  log_.append({results::UnitStarted{id, attempt}});
  Running running{attempt, nullptr};
  try {
    UnitScripts scripts = scripts_of(steps_[step]);
    scripts.main.env["RTFX_ATTEMPT"] = std::to_string(attempt);
    running.unit = std::make_unique<Unit>(
        loop_, std::move(scripts), folder_.path / log_name(steps_[step]),
        [this, id](process::Stream stream, std::string_view bytes) {
          reporter_.output(id, stream, bytes);
        },
        [this, step](Ending ending) {
          // The unit is still on the stack, and must not be destroyed yet.
          loop_.post([this, step, ending = std::move(ending)] {
            const Running ended = std::move(running_.extract(step).mapped());
            guarded([&] { attempt_ended(step, ended.attempt, ending); });
            start_what_can();
          });
        });
  } catch (const Error& error) {
    Ending ending;
    ending.result = Result::error;
    ending.reason = text::printable(error.what());
    return attempt_ended(step, attempt, ending);
  }
  running_.emplace(step, std::move(running)).first->second.unit->start();
}

UnitScripts Execution::scripts_of(const Step& step) const {
  UnitScripts scripts;
  if (step.kind != Step::Kind::unit) {
    const Group& group = *step.group;
    scripts.main = make_script(*group.script, group.directory, "UNKNOWN", *step.arch);
    scripts.main.arguments = {step.kind == Step::Kind::init ? "init" : "deinit"};
    if (group.headers.timeout) scripts.main.limit = *group.headers.timeout;
    return scripts;
  }
  const CaseUnit& unit = plan_.units[step.unit];
  const Case& test = *unit.test;
  const std::string& name = unit.planned.unit.name;
  const auto hook = [&](const std::optional<fs::path>& path) -> std::optional<Script> {
    if (!path) return std::nullopt;
    Script script = make_script(*path, test.directory, name, *step.arch);
    script.arguments = {name};
    return script;
  };
  scripts.before = hook(test.group->pre_test);
  scripts.main = make_script(test.script, test.directory, name, *step.arch);
  if (test.headers.timeout) scripts.main.limit = *test.headers.timeout;
  scripts.after = hook(test.group->post_test);
  return scripts;
}

Script Execution::make_script(const fs::path& path, const fs::path& directory,
                              const std::string& name, const Arch& arch) const {
  Script script;
  script.path = path;
  script.directory = directory;
  script.limit = options_.default_timeout;
  script.grace = options_.grace;
  script.trace = options_.trace;
  script.env = environments_.at(arch.name);
  script.env["RT_TEST_NAME"] = name;
  return script;
}

std::string Execution::log_name(const Step& step, int earlier_attempt) const {
  const std::string arch = options_.arches.size() > 1 ? step.arch->name : "";
  if (step.kind == Step::Kind::unit) {
    std::string name = plan_.units[step.unit].planned.unit.name;
    if (earlier_attempt > 0) name += fmt::format(".attempt-{}", earlier_attempt);
    return log_file_name(name, arch);
  }
  return log_file_name(
      fmt::format("{}.group-{}", step.group->name.empty() ? "top" : step.group->name,
                  step.kind == Step::Kind::init ? "init" : "deinit"),
      arch);
}

void Execution::attempt_ended(std::size_t step, int attempt, const Ending& ending) {
  if (retried(step, attempt, ending)) return begin_attempt(step, attempt + 1);
  UnitFinished finished;
  finished.unit = unit_of(steps_[step], plan_);
  finished.result = ending.result;
  finished.reason = ending.reason;
  finished.elapsed = ending.elapsed;
  finished.leaked = ending.leaked;
  finished.log = log_name(steps_[step]);
  finished.benchmark = ending.benchmark;
  finished.interrupted = ending.interrupted;
  if (steps_[step].kind == Step::Kind::unit) finished.key = plan_.units[steps_[step].unit].key;
  ended(step, finished);
}

/// Whether there is another attempt; then the log of this one is kept under a name of its own.
bool Execution::retried(std::size_t step, int attempt, const Ending& ending) {
  const bool bad = ending.result == Result::fail || ending.result == Result::timeout ||
                   ending.result == Result::error;
  if (!bad || stopped_ || steps_[step].kind != Step::Kind::unit) return false;
  const CaseUnit& unit = plan_.units[steps_[step].unit];
  if (attempt > unit.test->headers.retries.value_or(options_.retries)) return false;

  results::UnitRetried retried;
  retried.unit = unit.planned.unit;
  retried.attempt = attempt;
  retried.result = ending.result;
  retried.reason = ending.reason;
  retried.elapsed = ending.elapsed;
  retried.leaked = ending.leaked;
  retried.log = log_name(steps_[step], attempt);
  std::error_code failed;
  fs::rename(folder_.path / log_name(steps_[step]), folder_.path / retried.log, failed);
  if (failed) retried.log.clear();
  log_.append({std::move(retried)});
  return true;
}

void Execution::end_without_run(std::size_t step, Result result, const std::string& reason) {
  UnitFinished finished;
  finished.unit = unit_of(steps_[step], plan_);
  finished.result = result;
  finished.reason = reason;
  ended(step, finished);
}

void Execution::ended(std::size_t step, const UnitFinished& finished) {
  const bool cancelled = finished.result == Result::cancel;
  if (steps_[step].kind == Step::Kind::init && finished.result != Result::pass &&
      !init_failures_[step]) {
    init_failures_[step] =
        InitFailure{cancelled ? Result::cancel : Result::error,
                    fmt::format("init of the group {} {}: {}", steps_[step].group->name,
                                cancelled ? "cancelled" : "failed", finished.reason),
                    true};
  }
  schedule_.end(step);
  log_.append({finished});
}

}  // namespace

results::RunRecord run_cases(const Group& tree, const RunOptions& options, const ArchTable& arches,
                             process::Loop& loop, Reporter& reporter, std::stop_token stop) {
  return Execution(tree, options, arches, loop, reporter).run(stop);
}

}  // namespace rtfx::runner
