// SPDX-License-Identifier: Apache-2.0
//
// One guest, two threads: the calling one runs qemu and gets the console's bytes from it; the watcher talks QMP, keeps
// the clock (silence, prompts without a newline) and runs the probe. The first verdict of either ends qemu.
#include "harness/vm/boot.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "fmt/format.h"
#include "harness/vm/console.hpp"
#include "harness/vm/judge.hpp"
#include "harness/vm/ports.hpp"
#include "harness/vm/qmp.hpp"

namespace rtfx::vm {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds tick{20};
/// A line without an end is a prompt when nothing follows for so long.
constexpr milliseconds prompt_pause{100};
/// How long the rest of a panic's report is awaited.
constexpr milliseconds panic_patience{1000};
constexpr milliseconds probe_pause{250};
/// A forwarded port is open before anything listens in the guest, so that a probe may hang.
constexpr milliseconds longest_probe{10'000};
constexpr std::size_t kept_error = 8192;
constexpr int port_attempts = 5;

std::string last_line(const std::string& text) {
  const auto lines = text::split_list(text, '\n');
  return lines.empty() ? "" : text::printable(lines.back());
}

void check_file(const fs::path& path, const char* what) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file)
    throw Error(fmt::format("cannot read the {} {}: {}", what, path.string(), std::strerror(errno)),
                ExitCode::usage);
  if (!fs::is_regular_file(path))
    throw Error(fmt::format("the {} {} is no file", what, path.string()), ExitCode::usage);
}

void check(const BootSpec& spec) {
  check_file(spec.kernel, "kernel");
  if (!spec.initrd.empty()) check_file(spec.initrd, "initrd");
  if (spec.cpus < 1 || spec.memory_mib < 1)
    throw Error("a guest needs a processor and memory", ExitCode::usage);
  if (spec.timeout <= milliseconds(0)) throw Error("a boot needs a time limit", ExitCode::usage);
}

/// The socket's path must be short: a unix socket address has room for 107 bytes.
fs::path socket_parent() {
  const fs::path wanted = environment("TMPDIR", "/tmp");
  return wanted.native().size() <= 60 ? wanted : fs::path("/tmp");
}

class Guest {
 public:
  Guest(const BootSpec& spec, process::Runner& runner,
        const std::function<void(std::string_view)>& console)
      : spec_(spec),
        runner_(runner),
        console_(console),
        judge_(spec.expect, spec.reject),
        qmp_(directory_->path() / "qmp") {
    if (!spec.console_log.empty()) open_log();
  }

  BootOutcome run(std::stop_token stop);
  const std::string& qemu_error() const { return error_text_; }

 private:
  void open_log();
  void take(process::Stream stream, std::string_view bytes);
  void watch();
  void look();
  void probe();
  void decide(Verdict verdict);
  std::optional<Verdict> success() const;

  const BootSpec& spec_;
  process::Runner& runner_;
  const std::function<void(std::string_view)>& console_;
  /// Holds the QMP socket until the connection stands; nothing is left behind even when this process is killed then.
  std::optional<TemporaryDirectory> directory_{std::in_place, "rtfx-vm", socket_parent()};
  FileDescriptor log_;
  std::string error_text_;  ///< what qemu wrote on its standard error
  std::stop_source end_;    ///< ends qemu and a probe
  Clock::time_point started_ = Clock::now();

  std::mutex mutex_;  ///< for all below
  ConsoleLines lines_;
  ConsoleJudge judge_;
  Clock::time_point last_output_ = Clock::now();
  std::optional<Clock::time_point> panic_seen_;
  std::optional<Verdict> verdict_;
  Clock::time_point decided_;
  bool over_ = false;  ///< qemu has ended
  Qmp qmp_;            ///< the watcher's, and after its end the caller's
  std::string probe_result_;
  Clock::time_point next_probe_;
};

void Guest::open_log() {
  log_ = FileDescriptor(
      ::open(spec_.console_log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!log_) {
    throw Error(fmt::format("cannot write the console log {}: {}", spec_.console_log.string(),
                            std::strerror(errno)),
                ExitCode::usage);
  }
}

BootOutcome Guest::run(std::stop_token stop) {
  const std::stop_callback forward(stop, [this] { end_.request_stop(); });
  process::Command command{.argv = qemu_command_line(spec_, directory_->path() / "qmp"),
                           .timeout = spec_.timeout};
  started_ = last_output_ = Clock::now();
  std::exception_ptr watcher_failed;
  std::jthread watcher([&] {
    try {
      watch();
    } catch (...) {
      watcher_failed = std::current_exception();
      end_.request_stop();
    }
  });
  GuestEnd end;
  try {
    end.qemu = runner_.run(
        command, [this](process::Stream stream, std::string_view bytes) { take(stream, bytes); },
        end_.get_token());
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
  if (watcher_failed) std::rethrow_exception(watcher_failed);

  qmp_.drain();
  judge_.unfinished(lines_.unfinished());
  look();
  if (!verdict_) {
    end.shutdown_reason = qmp_.shutdown_reason();
    end.guest_panicked = qmp_.guest_panicked();
    end.qemu_error = last_line(error_text_);
    end.probing = !spec_.probe.empty();
    end.probe_result = probe_result_;
    verdict_ = judge_end(judge_, end);
    decided_ = ended;
  }
  auto last_lines = judge_.last_lines();
  if (!lines_.unfinished().empty()) last_lines.push_back(text::printable(lines_.unfinished()));
  if (last_lines.size() > ConsoleJudge::kept_lines) last_lines.erase(last_lines.begin());
  return {.ending = verdict_->ending,
          .ok = verdict_->ok,
          .message = verdict_->message,
          .last_lines = std::move(last_lines),
          .accelerator = spec_.accelerator,
          .elapsed = decided_ - started_,
          .published = spec_.publish};
}

void Guest::take(process::Stream stream, std::string_view bytes) {
  if (stream == process::Stream::err) {
    error_text_ += bytes;
    if (error_text_.size() > kept_error) error_text_.erase(0, error_text_.size() - kept_error);
    return;
  }
  if (log_) write_all(log_.get(), bytes, spec_.console_log.string());
  if (console_) console_(bytes);
  const std::lock_guard lock(mutex_);
  last_output_ = Clock::now();
  lines_.feed(bytes, [this](std::string_view line) {
    judge_.line(line);
    look();
  });
}

/// Whether what was seen so far decides. With the mutex held.
void Guest::look() {
  if (verdict_) return;
  if (const auto failure = judge_.failure()) return decide(*failure);
  if (judge_.panicking()) {
    if (!panic_seen_) panic_seen_ = Clock::now();
    return;
  }
  if (const auto well = success()) decide(*well);
}

std::optional<Verdict> Guest::success() const {
  if (spec_.expect.empty() || !spec_.probe.empty() || !judge_.all_seen() || judge_.failure())
    return std::nullopt;
  return Verdict{BootEnding::expected, true, judge_.seen()};
}

void Guest::decide(Verdict verdict) {
  if (verdict_) return;
  verdict_ = std::move(verdict);
  decided_ = Clock::now();
  end_.request_stop();
}

void Guest::watch() {
  while (true) {
    qmp_.poll(tick);
    if (qmp_.running()) directory_.reset();
    bool ready_to_probe = false;
    {
      const std::lock_guard lock(mutex_);
      if (over_ || verdict_ || end_.stop_requested()) return;
      const auto now = Clock::now();
      const auto quiet = now - last_output_;
      if (quiet >= prompt_pause) {
        judge_.unfinished(lines_.unfinished());
        look();
      }
      if (panic_seen_ && now - *panic_seen_ > panic_patience) decide(judge_.panic());
      const bool probing = !spec_.probe.empty() && judge_.all_seen();
      ready_to_probe = probing && qmp_.running() && !verdict_ && !panic_seen_ && now >= next_probe_;
      if (!probing && spec_.silence > milliseconds(0) && quiet > spec_.silence) {
        const std::string awaited = judge_.awaited();
        decide({BootEnding::silent, false,
                fmt::format("no console output for {:g} s{}",
                            std::chrono::duration<double>(spec_.silence).count(),
                            awaited.empty() ? "" : ", waiting for " + awaited)});
      }
    }
    if (ready_to_probe) probe();
  }
}

/// One attempt, without the mutex.
void Guest::probe() {
  process::Command command{.argv = {"sh", "-c", spec_.probe}, .timeout = longest_probe};
  for (const Publish& port : spec_.publish) {
    command.env["RTFX_PORT_" + std::to_string(port.guest)] = std::to_string(port.host);
  }
  const auto attempt = process::run_captured(runner_, command, end_.get_token());
  const std::lock_guard lock(mutex_);
  if (over_ || attempt.outcome.ending == process::Ending::cancelled) return;
  if (attempt.outcome.ok()) {
    const std::string seen = judge_.seen();
    return decide({BootEnding::expected, true,
                   seen + (seen.empty() ? "" : ", and ") + "the probe succeeded"});
  }
  const std::string said = last_line(attempt.err.empty() ? attempt.out : attempt.err);
  probe_result_ = attempt.outcome.str() + (said.empty() ? "" : ": " + said);
  next_probe_ = Clock::now() + probe_pause;
}

}  // namespace

BootOutcome boot(const BootSpec& spec, process::Runner& runner,
                 const std::function<void(std::string_view)>& console, std::stop_token stop) {
  check(spec);
  process::require_program(spec.arch.qemu, spec.arch.qemu_package);
  for (int attempt = 1;; ++attempt) {
    BootSpec actual = spec;
    actual.publish = with_free_ports(spec.publish);
    if (spec.on_publish && !actual.publish.empty()) spec.on_publish(actual.publish);
    Guest guest(actual, runner, console);
    const BootOutcome outcome = guest.run(stop);
    const bool collision = guest.qemu_error().find(port_taken) != std::string::npos;
    const bool chosen_here = std::any_of(spec.publish.begin(), spec.publish.end(),
                                         [](auto& port) { return port.host == 0; });
    if (!collision || !chosen_here || attempt == port_attempts) return outcome;
  }
}

}  // namespace rtfx::vm
