// SPDX-License-Identifier: Apache-2.0
#include "runner/unit.hpp"

#include <fmt/format.h>

#include <fstream>
#include <utility>

#include "base/error.hpp"

namespace rtfx::runner {

using results::Result;

namespace {

/// The shell's own words about these two do not help.
void explain(const Script& script, Ending& ending) {
  std::ifstream file(script.path, std::ios::binary);
  if (!file) {
    ending.result = Result::error;
    ending.reason = fmt::format("{} cannot be read any more", script.path.string());
  } else if (std::string line; std::getline(file, line) && line.ends_with('\r')) {
    ending.reason += fmt::format("; {} has CRLF line ends, which sh does not understand",
                                 script.path.filename().string());
  }
}

}  // namespace

Unit::Unit(process::Loop& loop, std::shared_ptr<ScratchPool> scratch, UnitScripts scripts,
           const std::filesystem::path& log, process::Sink output, Done done)
    : loop_(loop),
      scratch_pool_(std::move(scratch)),
      scripts_(std::move(scripts)),
      log_(log),
      output_(std::move(output)),
      done_(std::move(done)),
      scratch_(scratch_pool_->take()) {
  const auto place = [&](Script& script) { script.env["RTFX_TMP"] = scratch_->path().string(); };
  if (scripts_.before) place(*scripts_.before);
  place(scripts_.main);
  if (scripts_.after) place(*scripts_.after);
}

Unit::~Unit() { scratch_pool_->give_back(std::move(scratch_)); }

void Unit::start() {
  if (scripts_.before) return run(State::preparing, *scripts_.before);
  run(State::running, scripts_.main);
}

void Unit::stop(const StopCause& cause) {
  if (state_ == State::waiting || state_ == State::ended || stop_) return;
  stop_ = cause;
  loop_.cancel(child_);
}

void Unit::kill() {
  if (state_ != State::waiting && state_ != State::ended) loop_.kill(child_);
  for (const auto service : services_) loop_.kill(service);
}

void Unit::end_services(std::function<void()> gone) {
  const auto left = std::make_shared<std::size_t>(services_.size() + 1);
  const auto one_less = [left, gone = std::move(gone)] {
    if (--*left == 0) gone();
  };
  for (const auto service : services_) {
    loop_.cancel(service);
    loop_.when_gone(service, one_less);
  }
  one_less();
}

void Unit::run(State state, const Script& script) {
  state_ = state;
  child_ = loop_.start(
      command_of(script),
      [this](process::Stream stream, std::string_view bytes) {
        log_.write(stream, bytes);
        output_(stream, bytes);
      },
      [this](const process::Outcome& outcome, std::exception_ptr failure) {
        ended(outcome, std::move(failure));
      });
}

void Unit::ended(const process::Outcome& outcome, std::exception_ptr failure) {
  Ending ending = failure ? judge(failure) : judge(outcome);
  if (ending.serving) {
    services_.push_back(child_);
    ++*serving_;
    loop_.when_gone(child_, [serving = serving_] { --*serving; });
  }
  if (outcome.ending == process::Ending::cancelled && stop_ && !failure) stopped(ending);
  switch (state_) {
    case State::preparing:
      return prepared(ending);
    case State::running:
      ending_ = std::move(ending);
      return follow_up();
    case State::following_up:
      return followed_up(ending);
    case State::waiting:
    case State::ended:
      return;
  }
}

void Unit::stopped(Ending& ending) const {
  ending.result = stop_->result;
  ending.reason = stop_->reason;
  ending.interrupted = stop_->interrupted;
}

void Unit::prepared(const Ending& ending) {
  if (ending.result == Result::pass && !stop_) return run(State::running, scripts_.main);
  ending_ = ending;
  ending_.serving = false;
  if (ending.result == Result::pass) {
    stopped(ending_);  // just when it was ready
  } else if (!stop_) {
    ending_.result = Result::error;
    ending_.reason =
        fmt::format("{}: {}", scripts_.before->path.filename().string(), ending.reason);
  }
  follow_up();
}

void Unit::follow_up() {
  // Said before the hook adds lines of its own.
  ending_.benchmark = log_.benchmark();
  ending_.tests = log_.tests();
  if (ending_.result == Result::fail) {
    if (const std::string words = log_.last_words(); !words.empty()) ending_.reason += ": " + words;
    explain(scripts_.main, ending_);
  }
  if (!scripts_.after || stop_) return finish();
  Script script = *scripts_.after;
  script.arguments.push_back(std::to_string(results::rtf_result(ending_.result)));
  run(State::following_up, script);
}

void Unit::followed_up(const Ending& ending) {
  if (ending.leaked) ending_.leaked = true;
  if (ending.result != Result::pass && ending_.result == Result::pass) {
    const auto elapsed = ending_.elapsed;
    ending_ = ending;
    ending_.elapsed = elapsed;
    if (!stop_) {
      ending_.result = Result::error;
      ending_.reason =
          fmt::format("{}: {}", scripts_.after->path.filename().string(), ending.reason);
    }
  }
  finish();
}

void Unit::finish() {
  if (!log_.problem().empty() && !ending_.interrupted) {
    ending_.result = Result::error;
    ending_.reason = log_.problem();
  }
  state_ = State::ended;
  if (ending_.serving) return done_(ending_);
  end_services([this] { done_(ending_); });
}

}  // namespace rtfx::runner
