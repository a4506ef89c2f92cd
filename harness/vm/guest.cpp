// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/guest.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "base/error.hpp"
#include "base/text.hpp"
#include "fmt/format.h"

namespace rtfx::vm {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds tick{20};
/// A line without an end is a prompt when nothing follows for so long.
constexpr milliseconds prompt_pause{100};
/// How long the rest of a report of the kernel is awaited.
constexpr milliseconds report_patience{1000};
constexpr milliseconds probe_pause{250};
/// A forwarded port is open before anything listens in the guest, so that a probe may hang.
constexpr milliseconds longest_probe{10'000};
/// The watcher keeps the limit; this is for when it cannot.
constexpr milliseconds late{20'000};
constexpr std::size_t kept_error = 8192;
constexpr std::size_t longest_rest = 300;

std::string last_line(const std::string& text) {
  const auto lines = text::split_list(text, '\n');
  return lines.empty() ? "" : text::printable(lines.back());
}

/// The first error that qemu tells: hints follow it, and warnings may come before it.
std::string first_error(const std::string& text) {
  const auto lines = text::split_list(text, '\n');
  for (const std::string& line : lines) {
    if (line.find(": warning: ") == line.npos) return text::printable(line);
  }
  return last_line(text);
}

}  // namespace

Guest::Guest(const BootSpec& spec, process::Runner& runner,
             const std::function<void(std::string_view)>& console)
    : spec_(spec),
      runner_(runner),
      judge_({.expect = spec.expect, .reject = spec.reject, .allow = spec.allow}),
      relay_(console) {
  if (!spec.console_log.empty()) log_.emplace(spec.console_log, spec.log_limit);
  if (!spec.console_times.empty()) times_.emplace(spec.console_times, spec.log_limit);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("making a pipe", errno);
  console_out_ = FileDescriptor(ends[0]);
  console_in_ = FileDescriptor(ends[1]);
  ::fcntl(console_in_.get(), F_SETFL, O_NONBLOCK);
}

BootOutcome Guest::run(std::stop_token stop) {
  const std::stop_callback forward(stop, [this] { end_.request_stop(); });
  started_ = last_output_ = Clock::now();
  if (spec_.input >= 0) give_console(spec_.input);
  std::exception_ptr watcher_failed;
  std::jthread watcher([&] {
    try {
      watch();
    } catch (...) {
      watcher_failed = std::current_exception();
      end_.request_stop();
    }
  });
  process::Outcome qemu;
  try {
    qemu = run_qemu();
  } catch (...) {
    end_.request_stop();
    const std::lock_guard lock(mutex_);
    over_ = true;
    throw;
  }
  const auto ended = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  end_.request_stop();  // a probe that still runs has nobody to talk to any more
  watcher.join();
  input_.reset();
  if (watcher_failed) std::rethrow_exception(watcher_failed);
  if (!abandoned_.empty()) throw Error(abandoned_, ExitCode::host);
  relay_.finish();
  if (log_) log_->finish();
  if (times_) times_->finish();
  return conclude(qemu, ended);
}

process::Outcome Guest::run_qemu() {
  const bool endless = spec_.timeout <= milliseconds(0) || spec_.failure_input >= 0;
  const process::Command command{
      .argv = qemu_command_line(spec_, qmp_.name()),
      .stdin_fd = console_out_.get(),
      .timeout = endless ? milliseconds(std::chrono::hours(24 * 365)) : spec_.timeout + late};
  return runner_.run(
      command, [this](process::Stream stream, std::string_view bytes) { take(stream, bytes); },
      end_.get_token());
}

BootOutcome Guest::conclude(const process::Outcome& qemu, Clock::time_point ended) {
  qmp_.drain();
  judge_.unfinished(lines_.unfinished());
  look();
  if (!verdict_ && left_) {
    const bool nothing_awaited = spec_.expect.empty() && spec_.probe.empty();
    verdict_ = {BootEnding::cancelled, nothing_awaited, "the user ended the guest"};
    decided_ = ended;
  }
  if (!verdict_) {
    verdict_ = judge_end(judge_, guest_end(qemu));
    decided_ = ended;
  }
  auto last_lines = judge_.last_lines();
  if (const std::string& rest = lines_.unfinished(); !rest.empty())
    last_lines.push_back(text::printable(rest.substr(0, longest_rest)));
  if (last_lines.size() > ConsoleJudge::kept_lines) last_lines.erase(last_lines.begin());
  return {.ending = verdict_->ending,
          .ok = verdict_->ok,
          .message = verdict_->message,
          .last_lines = std::move(last_lines),
          .report = judge_.report(),
          .accelerator = spec_.accelerator,
          .elapsed = decided_ - started_,
          .published = spec_.publish,
          .left = left_,
          .log_left_out = log_ ? log_->left_out() : 0};
}

GuestEnd Guest::guest_end(const process::Outcome& qemu) const {
  return {.qemu = qemu,
          .shutdown_reason = qmp_.shutdown_reason(),
          .guest_panicked = qmp_.guest_panicked(),
          .qemu_error = qmp_.running() ? last_line(error_text_) : first_error(error_text_),
          .probing = !spec_.probe.empty(),
          .probe_result = probe_result_};
}

double Guest::seconds() const {
  return std::chrono::duration<double>(Clock::now() - started_).count();
}

void Guest::abandon(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (over_ || !abandoned_.empty()) return;
  abandoned_ = why;
  end_.request_stop();
}

void Guest::take(process::Stream stream, std::string_view bytes) {
  if (stream == process::Stream::err) {
    const std::lock_guard lock(mutex_);
    error_text_ += bytes;
    if (error_text_.size() > kept_error) error_text_.erase(0, error_text_.size() - kept_error);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    last_output_ = Clock::now();
    lines_.feed(bytes, [this](std::string_view line) {
      judge_.line(line);
      look();
    });
  }
  if (log_) log_->write(bytes);
  if (times_) times_->write(bytes, seconds());
  relay_.put(bytes, end_.get_token());
}

/// Whether what was seen so far decides. With the mutex held.
void Guest::look() {
  if (verdict_) return;
  if (const auto failure = judge_.failure()) return decide(*failure);
  if (judge_.troubled()) {
    if (!trouble_seen_) trouble_seen_ = Clock::now();
    return;
  }
  if (!spec_.probe.empty()) return;
  if (const auto well = judge_.success()) decide(*well);
}

void Guest::decide(Verdict verdict) {
  if (verdict_) return;
  verdict_ = std::move(verdict);
  decided_ = Clock::now();
  given_ = !verdict_->ok && spec_.failure_input >= 0 && !over_;
  if (!given_) end_.request_stop();
}

void Guest::give_console(int input) {
  const auto leave = [this] {
    {
      const std::lock_guard lock(mutex_);
      left_ = true;
    }
    end_.request_stop();
  };
  const auto help = [] {
    const std::string_view text =
        "\r\nrtfx: Ctrl-A x ends the guest, Ctrl-A Ctrl-A sends Ctrl-A\r\n";
    (void)!::write(STDERR_FILENO, text.data(), text.size());
  };
  input_.emplace(input, console_in_.get(), ConsoleInput::Calls{leave, help});
}

void Guest::watch() {
  bool told = false;
  while (true) {
    qmp_.poll(tick);
    std::string failure;
    bool ready_to_probe = false;
    {
      const std::lock_guard lock(mutex_);
      if (over_ || end_.stop_requested()) return;
      if (!verdict_) ready_to_probe = check_clock();
      if (given_ && !told) failure = boot_ending_name(verdict_->ending) + ": " + verdict_->message;
    }
    if (!failure.empty()) {
      told = true;
      if (spec_.on_failure_input) spec_.on_failure_input(failure);
      if (!input_) give_console(spec_.failure_input);
    }
    if (ready_to_probe) probe();
  }
}

/// Decides what time decides; whether it is time for the probe. With the mutex held.
bool Guest::check_clock() {
  const auto now = Clock::now();
  const auto quiet = now - last_output_;
  if (quiet >= prompt_pause) {
    judge_.unfinished(lines_.unfinished());
    look();
  }
  if (trouble_seen_ && now - *trouble_seen_ > report_patience) decide(judge_.trouble());
  if (spec_.timeout > milliseconds(0) && now - started_ >= spec_.timeout)
    decide(judge_end(judge_, guest_end({.ending = process::Ending::timed_out})));
  const bool probing = !spec_.probe.empty() && judge_.all_seen();
  if (!probing && spec_.silence > milliseconds(0) && quiet > spec_.silence) {
    const std::string awaited = judge_.awaited();
    decide({BootEnding::silent, false,
            fmt::format("no console output for {:g} s{}",
                        std::chrono::duration<double>(spec_.silence).count(),
                        awaited.empty() ? "" : ", waiting for " + awaited)});
  }
  return probing && qmp_.running() && !verdict_ && !trouble_seen_ && now >= next_probe_;
}

/// One attempt, without the mutex.
void Guest::probe() {
  auto patience = longest_probe;
  if (spec_.timeout > milliseconds(0)) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(started_ + spec_.timeout - Clock::now());
    patience = std::clamp(left, milliseconds(1), longest_probe);
  }
  process::Command command{.argv = {"sh", "-c", spec_.probe}, .timeout = patience};
  for (const Publish& port : spec_.publish) {
    command.env["RTFX_PORT_" + std::to_string(port.guest)] = std::to_string(port.host);
  }
  const auto attempt = process::run_captured(runner_, command, end_.get_token());
  const std::lock_guard lock(mutex_);
  if (over_ || verdict_ || attempt.outcome.ending == process::Ending::cancelled) return;
  if (attempt.outcome.ok()) {
    const std::string seen = judge_.seen();
    return decide(
        judge_.concluded({BootEnding::expected, true,
                          seen + (seen.empty() ? "" : ", and ") + "the probe succeeded"}));
  }
  const bool cut = attempt.outcome.ending == process::Ending::timed_out && patience < longest_probe;
  if (cut && !probe_result_.empty()) return;  // it had no time to tell anything new
  const std::string said = last_line(attempt.err.empty() ? attempt.out : attempt.err);
  probe_result_ = attempt.outcome.str() + (said.empty() ? "" : ": " + said);
  next_probe_ = Clock::now() + probe_pause;
}

}  // namespace rtfx::vm
