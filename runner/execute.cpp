// SPDX-License-Identifier: Apache-2.0
//
// Everything happens on the thread that calls execute(), in its event loop; nothing here waits.
#include "runner/execute.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::runner {
namespace {

namespace fs = std::filesystem;
using results::Result;
using results::UnitFinished;
using results::UnitId;

/// What a deinit has told to end may still be there for a moment.
constexpr std::chrono::milliseconds time_to_die{100};

/// "1h", "5m", "90s".
std::string format_limit(std::chrono::seconds limit) {
  const auto seconds = limit.count();
  if (seconds % 3600 == 0) return fmt::format("{}h", seconds / 3600);
  return seconds % 60 == 0 ? fmt::format("{}m", seconds / 60) : fmt::format("{}s", seconds);
}

class Executor {
 public:
  Executor(const Execution& execution, process::Loop& loop)
      : options_(execution.options),
        plan_(execution.plan),
        steps_(execution.steps),
        scripts_(execution.scripts),
        schedule_(execution.schedule),
        folder_(execution.folder),
        log_(execution.log),
        loop_(loop),
        init_failures_(steps_.size()) {}

  Executed run(const std::stop_token& token);

 private:
  // ---- the loop

  void start_what_can();
  /// Nothing runs.
  bool idle() const { return running_.empty() && ending_services_ == 0; }
  void begin(std::size_t step);
  /// Lets nothing more start, and ends what runs.
  void stop(const StopCause& cause);
  /// Runs `body`; a disk that is full, for instance, stops the run at once.
  template <typename Body>
  void guarded(Body body);

  // ---- one step

  void begin_init(std::size_t step);
  void begin_unit(std::size_t step);
  void begin_deinit(std::size_t step);
  void begin_attempt(std::size_t step, int attempt = 1);
  void attempt_ended(std::size_t step, int attempt, const Ending& ending);
  void keep_services(std::size_t step, std::unique_ptr<Unit> init);
  void end_services(std::shared_ptr<Unit> init, std::function<void()> then);
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

  const RunOptions& options_;
  const Plan& plan_;
  const std::vector<Step>& steps_;
  const StepScripts& scripts_;
  Schedule& schedule_;
  const std::filesystem::path& folder_;
  RunLog& log_;
  process::Loop& loop_;
  std::shared_ptr<ScratchPool> scratch_ = std::make_shared<ScratchPool>();
  std::vector<std::optional<InitFailure>> init_failures_;  ///< by step
  std::map<std::size_t, Running> running_;                 ///< by step
  std::map<std::size_t, std::unique_ptr<Unit>> services_;  ///< inits that left something running
  int ending_services_ = 0;
  std::optional<StopCause> stopped_;
  std::exception_ptr failure_;
};

// ---- the loop

Executed Executor::run(const std::stop_token& token) {
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
  return {!stopped_ && !failure_, stopped_ ? stopped_->of_run : "", failure_};
}

void Executor::start_what_can() {
  guarded([this] {
    while (!stopped_) {
      const auto step = schedule_.start_next();
      if (!step) break;
      begin(*step);
    }
  });
  if (idle() && (stopped_ || schedule_.done())) loop_.stop();
}

void Executor::begin(std::size_t step) {
  switch (steps_[step].kind) {
    case Step::Kind::init:
      return begin_init(step);
    case Step::Kind::unit:
      return begin_unit(step);
    case Step::Kind::deinit:
      return begin_deinit(step);
  }
}

void Executor::stop(const StopCause& cause) {
  if (stopped_) return;
  stopped_ = cause;
  for (auto& [step, running] : running_) running.unit->stop(cause);
  for (auto& [step, init] : std::exchange(services_, {})) end_services(std::move(init), [] {});
  if (idle()) loop_.stop();
}

template <typename Body>
void Executor::guarded(Body body) {
  try {
    body();
  } catch (const Error&) {
    if (!failure_) failure_ = std::current_exception();
    for (auto& [step, init] : services_) init->kill();
    stop({Result::cancel, "the run was stopped", true, "the run was stopped"});
    for (auto& [step, running] : running_) running.unit->kill();
  }
}

// ---- one step

void Executor::begin_init(std::size_t step) {
  if (const InitFailure* failure = failure_of(steps_[step])) {
    const std::string reason = failure->reason;
    init_failures_[step] = InitFailure{failure->result, reason, false};
    return end_without_run(step, Result::skip, reason);
  }
  begin_attempt(step);
}

void Executor::begin_unit(std::size_t step) {
  if (const InitFailure* failure = failure_of(steps_[step]))
    return end_without_run(step, failure->result, failure->reason);
  begin_attempt(step);
}

/// When the init ran, even if it failed, what it left behind is cleaned up.
void Executor::begin_deinit(std::size_t step) {
  const InitFailure* failure = failure_of(steps_[step]);
  if (failure && !failure->ran) return end_without_run(step, Result::skip, failure->reason);
  begin_attempt(step);
}

void Executor::begin_attempt(std::size_t step, int attempt) {
  const UnitId id = unit_of(steps_[step], plan_);
  log_.append({results::UnitStarted{id, attempt}});
  Running running{attempt, nullptr};
  try {
    UnitScripts scripts = scripts_.scripts(steps_[step], attempt);
    running.unit = std::make_unique<Unit>(
        loop_, scratch_, std::move(scripts), folder_ / scripts_.log_name(steps_[step]),
        [this, id](process::Stream stream, std::string_view bytes) {
          log_.reporter().output(id, stream, bytes);
        },
        [this, step](Ending ending) {
          // The unit is still on the stack, and must not be destroyed yet.
          loop_.post([this, step, ending = std::move(ending)] {
            Running ended = std::move(running_.extract(step).mapped());
            if (ending.serving) keep_services(step, std::move(ended.unit));
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

void Executor::attempt_ended(std::size_t step, int attempt, const Ending& ending) {
  if (retried(step, attempt, ending)) return begin_attempt(step, attempt + 1);
  UnitFinished finished;
  finished.unit = unit_of(steps_[step], plan_);
  finished.result = ending.result;
  finished.reason = ending.reason;
  finished.elapsed = ending.elapsed;
  finished.leaked = ending.leaked;
  finished.log = scripts_.log_name(steps_[step]);
  finished.benchmark = ending.benchmark;
  finished.tests = ending.tests;
  finished.interrupted = ending.interrupted;
  if (steps_[step].kind == Step::Kind::unit) finished.key = plan_.units[steps_[step].unit].key;
  if (steps_[step].kind != Step::Kind::deinit) return ended(step, finished);
  auto services = services_.extract(*steps_[step].init);
  if (!services) return ended(step, finished);
  const std::shared_ptr<Unit> init = std::move(services.mapped());
  ++ending_services_;
  loop_.after(init->serving() ? time_to_die : std::chrono::milliseconds(0),
              [this, step, init, finished]() mutable {
                --ending_services_;
                finished.leaked |= init->serving();
                end_services(init, [this, step, finished] { ended(step, finished); });
              });
}

/// What the init of a group left running serves its cases, and is ended after its deinit.
void Executor::keep_services(std::size_t step, std::unique_ptr<Unit> init) {
  if (stopped_) return end_services(std::move(init), [] {});
  services_[step] = std::move(init);
}

void Executor::end_services(std::shared_ptr<Unit> init, std::function<void()> then) {
  ++ending_services_;
  init->end_services([this, init, then = std::move(then)] {
    loop_.post([this, init, then] {
      --ending_services_;
      guarded(then);
      start_what_can();
    });
  });
}

/// Whether there is another attempt; then the log of this one is kept under a name of its own.
bool Executor::retried(std::size_t step, int attempt, const Ending& ending) {
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
  retried.log = scripts_.log_name(steps_[step], attempt);
  std::error_code failed;
  fs::rename(folder_ / scripts_.log_name(steps_[step]), folder_ / retried.log, failed);
  if (failed) retried.log.clear();
  log_.append({std::move(retried)});
  return true;
}

void Executor::end_without_run(std::size_t step, Result result, const std::string& reason) {
  UnitFinished finished;
  finished.unit = unit_of(steps_[step], plan_);
  finished.result = result;
  finished.reason = reason;
  ended(step, finished);
}

void Executor::ended(std::size_t step, const UnitFinished& finished) {
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

Executed execute(const Execution& execution, process::Loop& loop, const std::stop_token& stop) {
  return Executor(execution, loop).run(stop);
}

}  // namespace rtfx::runner
