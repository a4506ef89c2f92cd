// SPDX-License-Identifier: Apache-2.0
//
// A run from top to bottom: plan, log the plan, execute the steps, write the reports. Whatever
// happens to a unit is logged at once.
#include "runner/run.hpp"

#include <fmt/format.h>

#include <memory>
#include <mutex>

#include "base/error.hpp"
#include "base/text.hpp"
#include "results/event_log.hpp"
#include "results/reports.hpp"
#include "runner/environment.hpp"
#include "runner/plan.hpp"
#include "runner/run_folder.hpp"
#include "runner/schedule.hpp"
#include "runner/scratch.hpp"
#include "runner/script.hpp"
#include "runner/select.hpp"
#include "runner/share.hpp"
#include "runner/steps.hpp"
#include "runner/system.hpp"

namespace rtfx::runner {
namespace {

using results::Result;
using results::UnitFinished;
using results::UnitId;

class Execution {
 public:
  Execution(const Group& tree, const RunOptions& options, const ArchTable& arches,
            process::Runner& runner, Reporter& reporter, std::stop_token stop)
      : tree_(tree),
        options_(options),
        arches_(arches),
        runner_(runner),
        reporter_(reporter),
        stop_(std::move(stop)),
        plan_(make_plan(tree, options, arches)),
        steps_(make_steps(tree, plan_, options.arches)),
        share_(share_directory()),
        folder_(make_run_folder(options.results, options.id, options.link_latest)),
        log_(folder_.path),
        init_failures_(steps_.size()) {}

  results::RunRecord run() {
    log_.append({start()});
    reporter_.run_started(folder_.id, folder_.path,
                          start().labels.empty() ? "" : text::join(start().labels, ", "));
    log_plan();
    finish_what_needs_no_run();
    try {
      return conclude(execute());
    } catch (const Error& error) {
      // The results so far are worth a report; that it cannot be written must not hide what went
      // wrong first.
      try {
        conclude(false);
      } catch (const Error&) {
      }
      throw error.with_context("the run was stopped");
    }
  }

 private:
  /// A unit between its started and its finished event.
  struct Running {
    UnitId id;
    std::string log_name;
    std::unique_ptr<UnitLog> log;
    std::unique_ptr<ScratchDirectory> scratch;
    process::Sink sink;
  };

  // ---- what is known before anything runs

  results::RunStarted start() const {
    const SystemInfo& system = system_info();
    results::RunStarted start;
    start.run_id = folder_.id;
    start.version = options_.version;
    start.commit = options_.commit;
    start.command_line = options_.command_line;
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
    return start;
  }

  void log_plan() {
    for (const UnitFinished& prior : options_.prior)
      plan(results::UnitPlanned{prior.unit, "", "", "", {}, ""});
    for (const Step& step : steps_) {
      if (step.kind == Step::Kind::init)
        plan({group_unit(*step.group, step.kind, *step.arch),
              step.group->headers.summary,
              "",
              "",
              {},
              ""});
    }
    for (const CaseUnit& unit : plan_.units) plan(unit.planned);
    for (const Step& step : steps_) {
      if (step.kind == Step::Kind::deinit)
        plan({group_unit(*step.group, step.kind, *step.arch),
              step.group->headers.summary,
              "",
              "",
              {},
              ""});
    }
  }

  void plan(results::UnitPlanned planned) { log_.append({std::move(planned)}); }

  void finish_what_needs_no_run() {
    for (const UnitFinished& prior : options_.prior) finish(prior);
    for (const CaseUnit& unit : plan_.units) {
      if (!unit.skip_reason.empty())
        finish(make_finished(unit.planned.unit, {Result::skip, unit.skip_reason}));
      if (unit.reused) finish(reused(unit));
    }
  }

  static UnitFinished reused(const CaseUnit& unit) {
    UnitFinished finished = *unit.reused;
    finished.unit = unit.planned.unit;
    finished.key = unit.key;
    if (finished.reused_from.empty()) finished.reused_from = "an earlier run";
    return finished;
  }

  results::RunRecord conclude(bool complete) {
    log_.append({results::RunFinished{complete, ""}});
    results::RunRecord record = results::read_run(folder_.path);
    results::write_reports(record, folder_.path);
    return record;
  }

  // ---- the steps

  bool execute() {
    std::vector<std::vector<std::size_t>> after;
    for (const Step& step : steps_) after.push_back(step.after);
    return run_in_order(
        after, options_.jobs, [this](std::size_t i) { execute(i); }, stop_);
  }

  void execute(std::size_t index) {
    const Step& step = steps_[index];
    switch (step.kind) {
      case Step::Kind::init:
        run_init(index);
        return;
      case Step::Kind::unit:
        run_unit(step);
        return;
      case Step::Kind::deinit:
        run_deinit(step);
        return;
    }
  }

  void run_init(std::size_t index) {
    const Step& step = steps_[index];
    const UnitId id = group_unit(*step.group, step.kind, *step.arch);
    if (const auto failure = failure_of(step.init)) {
      set_failure(index, {failure->result, failure->reason, false});
      finish(make_finished(id, {Result::skip, failure->reason}));
      return;
    }
    const UnitFinished finished = run_group_script(step, id, "init");
    if (finished.result == Result::pass) return;
    const std::string reason =
        fmt::format("init of the group {} {}: {}", step.group->name,
                    finished.result == Result::cancel ? "cancelled" : "failed", finished.reason);
    set_failure(index,
                {finished.result == Result::cancel ? Result::cancel : Result::error, reason, true});
  }

  /// The init ran, even if it failed: what it left behind is cleaned up.
  void run_deinit(const Step& step) {
    const UnitId id = group_unit(*step.group, step.kind, *step.arch);
    const auto failure = failure_of(step.init);
    if (failure && !failure->ran) {
      finish(make_finished(id, {Result::skip, failure->reason}));
      return;
    }
    run_group_script(step, id, "deinit");
  }

  UnitFinished run_group_script(const Step& step, const UnitId& id, const std::string& argument) {
    const Group& group = *step.group;
    Running unit =
        begin(id, fmt::format("{}.group-{}", group.name.empty() ? "top" : group.name, argument),
              *step.arch);
    Script script = make_script(*group.script, group.directory, "UNKNOWN", *step.arch, unit);
    script.arguments = {argument};
    script.limit = group.headers.timeout.value_or(options_.default_timeout);
    return end(unit, run_script(script, runner_, unit.sink, stop_), "");
  }

  void run_unit(const Step& step) {
    const CaseUnit& unit = plan_.units[step.unit];
    if (const auto failure = failure_of(step.init)) {
      finish(make_finished(unit.planned.unit, {failure->result, failure->reason}));
      return;
    }
    Running running = begin(unit.planned.unit, unit.planned.unit.name, *unit.arch);
    end(running, run_case(unit, running), unit.key);
  }

  /// pre-test.sh, the test, post-test.sh; a test that could not be prepared or followed up is an
  /// error.
  Ending run_case(const CaseUnit& unit, Running& running);

  // ---- one unit

  Running begin(const UnitId& id, const std::string& name, const Arch& arch);
  UnitFinished end(Running& unit, Ending ending, const std::string& key);
  Script make_script(const fs::path& path, const fs::path& directory, const std::string& test_name,
                     const Arch& arch, const Running& unit);

  static UnitFinished make_finished(const UnitId& id, Ending ending) {
    UnitFinished finished;
    finished.unit = id;
    finished.result = ending.result;
    finished.reason = std::move(ending.reason);
    finished.leaked = ending.leaked;
    finished.elapsed = ending.elapsed;
    return finished;
  }

  void finish(const UnitFinished& finished) {
    log_.append({finished});
    const std::lock_guard lock(report_mutex_);
    reporter_.finished(finished);
  }

  // ---- groups whose init failed

  struct InitFailure {
    Result result;
    std::string reason;
    bool ran;
  };

  void set_failure(std::size_t init, InitFailure failure) {
    const std::lock_guard lock(failure_mutex_);
    init_failures_[init] = std::move(failure);
  }

  std::optional<InitFailure> failure_of(std::optional<std::size_t> init) {
    const std::lock_guard lock(failure_mutex_);
    return init ? init_failures_[*init] : std::nullopt;
  }

  const Group& tree_;
  const RunOptions& options_;
  const ArchTable& arches_;
  process::Runner& runner_;
  Reporter& reporter_;
  std::stop_token stop_;
  const Plan plan_;
  const std::vector<Step> steps_;
  const fs::path share_;
  const RunFolder folder_;
  results::EventLog log_;
  std::mutex report_mutex_, failure_mutex_;
  std::vector<std::optional<InitFailure>> init_failures_;
};

Execution::Running Execution::begin(const UnitId& id, const std::string& name, const Arch& arch) {
  Running unit{
      id, log_file_name(name, options_.arches.size() > 1 ? arch.name : ""), nullptr, nullptr, {}};
  log_.append({results::UnitStarted{id}});
  {
    const std::lock_guard lock(report_mutex_);
    reporter_.started(id);
  }
  unit.log = std::make_unique<UnitLog>(folder_.path / unit.log_name);
  unit.scratch = std::make_unique<ScratchDirectory>();
  unit.sink = [this, id, log = unit.log.get()](process::Stream stream, std::string_view bytes) {
    log->write(stream, bytes);
    const std::lock_guard lock(report_mutex_);
    reporter_.output(id, stream, bytes);
  };
  return unit;
}

UnitFinished Execution::end(Running& unit, Ending ending, const std::string& key) {
  if (ending.result == Result::fail) {
    if (const std::string words = unit.log->last_words(); !words.empty())
      ending.reason += ": " + words;
  }
  if (!unit.log->problem().empty())
    ending = {Result::error, unit.log->problem(), ending.leaked, ending.elapsed};
  UnitFinished finished = make_finished(unit.id, std::move(ending));
  finished.log = unit.log_name;
  finished.benchmark = unit.log->benchmark();
  finished.key = key;
  unit.scratch.reset();
  finish(finished);
  return finished;
}

Script Execution::make_script(const fs::path& path, const fs::path& directory,
                              const std::string& test_name, const Arch& arch, const Running& unit) {
  Script script;
  script.path = path;
  script.directory = directory;
  script.limit = options_.default_timeout;
  script.trace = options_.trace;
  script.env =
      script_environment({tree_.directory, folder_.path, share_, unit.scratch->path(), test_name},
                         options_, arch, arches_);
  return script;
}

Ending Execution::run_case(const CaseUnit& unit, Running& running) {
  const Case& test = *unit.test;
  const std::string& name = unit.planned.unit.name;
  const auto limit = test.headers.timeout.value_or(options_.default_timeout);
  const auto hook = [&](const std::optional<fs::path>& path, std::vector<std::string> arguments,
                        const char* what) -> std::optional<Ending> {
    if (!path) return std::nullopt;
    Script script = make_script(*path, test.directory, name, *unit.arch, running);
    script.arguments = std::move(arguments);
    Ending ending = run_script(script, runner_, running.sink, stop_);
    if (ending.result == Result::pass) return std::nullopt;
    if (!stop_.stop_requested()) ending.result = Result::error;
    ending.reason = fmt::format("{}: {}", what, ending.reason);
    return ending;
  };

  Ending ending;
  if (auto failed = hook(test.group->pre_test, {name}, "pre-test.sh")) {
    ending = std::move(*failed);
  } else {
    Script script = make_script(test.script, test.directory, name, *unit.arch, running);
    script.limit = limit;
    ending = run_script(script, runner_, running.sink, stop_);
  }
  if (stop_.stop_requested()) return ending;
  auto failed = hook(test.group->post_test,
                     {name, std::to_string(results::rtf_result(ending.result))}, "post-test.sh");
  if (failed && ending.result == Result::pass) {
    failed->elapsed = ending.elapsed;
    return *failed;
  }
  return ending;
}

}  // namespace

results::RunRecord run_cases(const Group& tree, const RunOptions& options, const ArchTable& arches,
                             process::Runner& runner, Reporter& reporter, std::stop_token stop) {
  return Execution(tree, options, arches, runner, reporter, std::move(stop)).run();
}

}  // namespace rtfx::runner
