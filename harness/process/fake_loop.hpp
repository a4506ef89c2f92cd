// SPDX-License-Identifier: Apache-2.0
//
// A Loop for unit tests: starts nothing, and its clock runs only from one event to the next, so that
// hours take no time.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "harness/process/fake_runner.hpp"
#include "harness/process/loop.hpp"

namespace rtfx::process {

class FakeLoop final : public Loop {
 public:
  /// What a faked command does: it writes `out` and `err` at once and ends after `takes`, unless its
  /// time limit or cancel() comes first.
  struct Result {
    Outcome outcome;
    std::string out, err;
    std::chrono::milliseconds takes{0};
    std::exception_ptr failure{};  ///< it could not be started
    bool serving = false;          ///< it leaves something running, where Command::serves
  };
  /// Decides about each command; without one everything succeeds silently.
  std::function<Result(const Command&)> script;
  /// What was started, in order.
  std::vector<Command> commands;

  static Result exit(int code, std::string out = {}, std::string err = {}) {
    return {Outcome{.ending = Ending::exited, .exit_code = code},
            std::move(out),
            std::move(err),
            {},
            nullptr};
  }
  static Result takes(std::chrono::milliseconds time) { return {{}, "", "", time, nullptr}; }

  /// Since the loop was made.
  std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now_ - TimePoint{});
  }
  std::size_t running() const { return children_.size(); }
  std::size_t most_at_once() const { return most_; }

  TimePoint now() const override { return now_; }

  Child start(Command command, Sink sink, Done done) override {
    const auto child = static_cast<Child>(++last_);
    Result result = script ? script(command) : Result{};
    commands.push_back(command);
    const bool late = result.takes > command.timeout;
    Outcome outcome = result.outcome;
    if (late) outcome.ending = Ending::timed_out;
    if (late || result.takes.count() > 0) outcome.elapsed = late ? command.timeout : result.takes;
    const Timer end = after(late ? command.timeout : result.takes,
                            [this, child, outcome] { finish(child, outcome); });
    result.serving = result.serving && command.serves;
    children_[child] = {std::move(sink), std::move(done), std::move(result), end, now_};
    most_ = std::max(most_, children_.size());
    return child;
  }

  void cancel(Child child) override { end_now(child); }
  void kill(Child child) override { end_now(child); }
  void when_gone(Child child, std::function<void()> callback) override {
    if (!children_.contains(child) && !serving_.contains(child)) return callback();
    when_gone_.emplace(child, std::move(callback));
  }
  /// Commands that have ended, and left something running.
  std::size_t serving() const { return serving_.size(); }

  Timer after(std::chrono::milliseconds delay, std::function<void()> callback) override {
    const auto timer = static_cast<Timer>(++last_);
    events_[{now_ + delay, timer}] = std::move(callback);
    return timer;
  }
  void cancel(Timer timer) override {
    std::erase_if(events_, [&](const auto& event) { return event.first.second == timer; });
  }

  void watch(int, std::function<void()>) override {}
  void unwatch(int) override {}
  void post(std::function<void()> callback) override {
    after(std::chrono::milliseconds(0), std::move(callback));
  }

  void run() override {
    for (stopped_ = false; !stopped_;) {
      if (events_.empty()) throw std::logic_error("the loop waits for nothing");
      auto event = events_.extract(events_.begin());
      now_ = std::max(now_, event.key().first);
      event.mapped()();
    }
  }
  void stop() override { stopped_ = true; }

 private:
  struct Running {
    Sink sink;
    Done done;
    Result result;
    Timer end;
    TimePoint started;
  };

  void finish(Child child, const Outcome& outcome) {
    const auto found = children_.extract(child);
    const Running& running = found.mapped();
    if (running.sink && !running.result.out.empty()) running.sink(Stream::out, running.result.out);
    if (running.sink && !running.result.err.empty()) running.sink(Stream::err, running.result.err);
    Outcome told = outcome;
    told.serving = running.result.serving && outcome.ending == Ending::exited;
    if (told.serving) {
      serving_.insert(child);
    } else {
      gone(child);
    }
    running.done(told, running.result.failure);
  }

  void gone(Child child) {
    serving_.erase(child);
    while (auto callback = when_gone_.extract(child)) callback.mapped()();
  }

  void end_now(Child child) {
    if (serving_.contains(child)) post([this, child] { gone(child); });
    const auto found = children_.find(child);
    if (found == children_.end()) return;
    cancel(found->second.end);
    const Outcome outcome{.ending = Ending::cancelled, .elapsed = now_ - found->second.started};
    found->second.end =
        after(std::chrono::milliseconds(0), [this, child, outcome] { finish(child, outcome); });
  }

  std::map<std::pair<TimePoint, Timer>, std::function<void()>> events_;
  std::map<Child, Running> children_;
  std::set<Child> serving_;
  std::multimap<Child, std::function<void()>> when_gone_;
  TimePoint now_{};
  std::uint64_t last_ = 0;
  std::size_t most_ = 0;
  bool stopped_ = false;
};

}  // namespace rtfx::process
