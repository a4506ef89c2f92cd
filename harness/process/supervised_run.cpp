// SPDX-License-Identifier: Apache-2.0
#include "harness/process/supervised_run.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "fmt/format.h"
#include "harness/process/launch.hpp"
#include "harness/process/proc_table.hpp"

namespace rtfx::process {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// How long output is awaited after the last process that matters has gone.
constexpr milliseconds drain_window{100};
/// A cancelled run must be over within 2 s.
constexpr milliseconds cancelled_grace{1000};
/// SIGKILL works at once, but for processes that hang inside the kernel.
constexpr milliseconds kill_patience{10'000};
/// A supervisor that its own program keeps stopping is woken again and again, and then given up.
constexpr milliseconds wake_again{100};
constexpr int most_wakes = 5;
/// More than a pipe holds (pipe-max-size, pipe(7)).
constexpr int most_pieces = 32;
/// Keeps time points of the clock from overflowing.
constexpr milliseconds longest_timeout = std::chrono::hours(24 * 365);

struct Pipe {
  FileDescriptor read, write;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("making a pipe", errno);
    read = FileDescriptor(ends[0]);
    write = FileDescriptor(ends[1]);
    // Whoever opens /proc/self/fd/1 for reading can take what was there before we read it.
    ::fcntl(read.get(), F_SETFL, O_NONBLOCK);
  }
};

/// The text as a readable file without a name: nobody has to feed it, and nothing breaks when it is not read.
FileDescriptor standard_input(const std::string& text) {
  FileDescriptor file(text.empty() ? ::open("/dev/null", O_RDONLY | O_CLOEXEC)
                                   : ::memfd_create("stdin", MFD_CLOEXEC));
  if (!file) throw system_error("opening the standard input", errno);
  if (text.empty()) return file;
  write_all(file.get(), text, "standard input");
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

}  // namespace

SupervisedRun::SupervisedRun(Loop& loop, std::span<char> buffer, Command command, Sink sink)
    : loop_(loop), buffer_(buffer), command_(std::move(command)), sink_(std::move(sink)) {}

void SupervisedRun::start(Loop::Done finished, std::function<void()> gone) {
  finished_ = std::move(finished);
  gone_ = std::move(gone);
  const std::string program = program_path(command_);
  in_context(fmt::format("cannot start {}", program), [&] {
    const FileDescriptor own_input =
        command_.stdin_fd < 0 ? standard_input(command_.stdin_text) : FileDescriptor();
    const int input = command_.stdin_fd < 0 ? own_input.get() : command_.stdin_fd;
    Pipe out, err;
    started_ = loop_.now();
    supervisor_ =
        supervisor_pool().start(command_, program, {input, out.write.get(), err.write.get()});
    out_.pipe = std::move(out.read);
    err_.pipe = std::move(err.read);
  });
  command_.stdin_text = {};
  loop_.watch(out_.pipe.get(), [this] { read_output(out_); });
  loop_.watch(err_.pipe.get(), [this] { read_output(err_); });
  loop_.watch(supervisor_->socket(), [this] { read_reports(); });
  limit_ = loop_.after(std::min(command_.timeout, longest_timeout), [this] { limit_reached(); });
}

/// One piece at a time: the loop comes back when there is more, and others have their turn between.
void SupervisedRun::read_output(Output& output) {
  read_piece(output);
  finish_if_drained();
}

/// False when there is none, for now or for ever.
bool SupervisedRun::read_piece(Output& output) {
  if (!output.pipe) return false;
  const ssize_t size = ::read(output.pipe.get(), buffer_.data(), buffer_.size());
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return false;
  if (size > 0 && sink_)
    sink_(output.stream, std::string_view(buffer_.data(), static_cast<std::size_t>(size)));
  if (size <= 0) close_output(output);
  return size > 0;
}

void SupervisedRun::close_output(Output& output) {
  if (!output.pipe) return;
  loop_.unwatch(output.pipe.get());
  output.pipe.close();
}

void SupervisedRun::read_reports() {
  while (supervisor_) {
    SupervisorReport report;
    const ssize_t size = supervisor_->receive(report);
    if (size < 0 && errno == EAGAIN) return;
    if (size != sizeof report) return supervisor_lost();
    if (report.kind != SupervisorReport::nothing) main_ended(report);
    if (report.empty) return gone();
  }
}

void SupervisedRun::main_ended(const SupervisorReport& report) {
  report_ = report;
  if (report.kind == SupervisorReport::exited)
    outcome_.elapsed =
        std::max(nanoseconds(0), nanoseconds(report.time) - started_.time_since_epoch());
  if (report.empty || phase_ != Phase::running) return;
  cancel_timer(limit_);
  if (command_.serves && report.kind == SupervisorReport::exited) return serve();
  phase_ = Phase::draining;
  after(drain_window, &SupervisedRun::terminate_leftovers);
}

void SupervisedRun::serve() {
  phase_ = Phase::serving;
  read_what_is_there();
  Outcome outcome = judge();
  outcome.serving = true;
  const Loop::Done finished = std::exchange(finished_, nullptr);
  finished(outcome, nullptr);
}

/// Now, before any timer, unless somebody goes on writing.
void SupervisedRun::read_what_is_there() {
  for (Output* output : {&out_, &err_}) {
    for (int pieces = 0; pieces < most_pieces && read_piece(*output); ++pieces) {
    }
  }
}

void SupervisedRun::after(milliseconds delay, void (SupervisedRun::*next)()) {
  cancel_timer(step_);
  step_ = loop_.after(delay, [this, next] {
    step_.reset();
    (this->*next)();
  });
}

void SupervisedRun::cancel_timer(std::optional<Loop::Timer>& timer) {
  if (timer) loop_.cancel(*std::exchange(timer, std::nullopt));
}

void SupervisedRun::limit_reached() {
  limit_.reset();
  if (phase_ != Phase::running) return;
  outcome_.ending = Ending::timed_out;
  terminate();
}

void SupervisedRun::cancel() {
  cancelled_ = true;
  if (phase_ == Phase::running) {
    outcome_.ending = Ending::cancelled;
    terminate();
  } else if (phase_ == Phase::serving) {
    terminate();
  } else if (phase_ == Phase::terminating && command_.grace > cancelled_grace) {
    after(cancelled_grace, &SupervisedRun::kill_tree);
  }
}

void SupervisedRun::kill() {
  if (phase_ == Phase::running) outcome_.ending = Ending::cancelled;
  if (phase_ == Phase::draining) outcome_.leaked = true;
  if (phase_ != Phase::killing && phase_ != Phase::gone) kill_tree();
}

void SupervisedRun::terminate_leftovers() {
  outcome_.leaked = true;
  terminate();
}

void SupervisedRun::terminate() {
  phase_ = Phase::terminating;
  cancel_timer(limit_);
  const milliseconds grace =
      cancelled_ ? std::min(command_.grace, cancelled_grace) : command_.grace;
  if (grace <= milliseconds(0)) return kill_tree();
  supervisor_->wake();
  for (const ProcessEntry& process : descendants(supervisor_->pid())) {
    signal_process(process, SIGTERM);
    signal_process(process, SIGCONT);  // one that is stopped would not see it
  }
  after(grace, &SupervisedRun::kill_tree);
}

void SupervisedRun::kill_tree() {
  phase_ = Phase::killing;
  cancel_timer(limit_);
  supervisor_->kill();
  kill_deadline_ = loop_.now() + kill_patience;
  after(wake_again, &SupervisedRun::insist);
}

void SupervisedRun::insist() {
  if (supervisor_->wake() && ++wakes_ >= most_wakes) return give_up();
  if (loop_.now() >= kill_deadline_) return give_up();
  after(wake_again, &SupervisedRun::insist);
}

/// Without its supervisor the program gets SIGKILL, and the rest is ended by this process.
void SupervisedRun::give_up() {
  given_up_ = true;
  supervisor_lost();
}

void SupervisedRun::supervisor_lost() {
  loop_.unwatch(supervisor_->socket());
  stuck_ = !supervisor_pool().bury(std::move(supervisor_)) && given_up_;
  if (report_) outcome_.leaked = true;
  gone();
}

void SupervisedRun::gone() {
  phase_ = Phase::gone;
  cancel_timer(limit_);
  release_supervisor();
  if (out_.pipe || err_.pipe) after(drain_window, &SupervisedRun::finish);
  read_what_is_there();
  finish_if_drained();
}

void SupervisedRun::release_supervisor() {
  if (!supervisor_) return;
  loop_.unwatch(supervisor_->socket());
  supervisor_pool().keep(std::move(supervisor_));
}

void SupervisedRun::finish_if_drained() {
  if (phase_ == Phase::gone && !out_.pipe && !err_.pipe) finish();
}

void SupervisedRun::finish() {
  close_output(out_);
  close_output(err_);
  cancel_timer(step_);
  const Loop::Done finished = std::move(finished_);
  const std::function<void()> gone = std::move(gone_);
  const Outcome outcome = judge();
  const std::exception_ptr problem = failure();
  gone();  // this object may have gone with that
  if (finished) finished(outcome, problem);
}

std::exception_ptr SupervisedRun::failure() const {
  const auto error = [](const std::string& message) {
    return std::make_exception_ptr(Error(message, ExitCode::host));
  };
  const std::string& name = command_.argv.front();
  if (stuck_)
    return error(fmt::format("{}: a process of it does not end, not even by SIGKILL", name));
  if (!report_ && !given_up_)
    return error(fmt::format("{}: the process that supervised it was killed", name));
  if (!report_ || report_->kind == SupervisorReport::exited) return nullptr;
  const std::string why = std::strerror(report_->value);
  if (report_->kind == SupervisorReport::chdir_failed)
    return error(fmt::format("cannot run {} in {}: {}", name, command_.cwd.string(), why));
  return error(fmt::format("cannot start {}: {}", name, why));
}

Outcome SupervisedRun::judge() const {
  Outcome outcome = outcome_;
  if (outcome.ending == Ending::timed_out || outcome.ending == Ending::cancelled) {
    outcome.elapsed = loop_.now() - started_;
  } else if (report_ && WIFSIGNALED(report_->value)) {
    outcome.ending = Ending::signalled;
    outcome.signal = WTERMSIG(report_->value);
  } else if (report_) {
    outcome.exit_code = WEXITSTATUS(report_->value);
  }
  return outcome;
}

/// Only for the way out through an exception, of a sink for instance.
SupervisedRun::~SupervisedRun() {
  close_output(out_);
  close_output(err_);
  cancel_timer(limit_);
  cancel_timer(step_);
  if (!supervisor_) return;
  loop_.unwatch(supervisor_->socket());
  supervisor_->kill();
  const auto deadline = loop_.now() + kill_patience;
  bool empty = false;
  while (!empty && loop_.now() < deadline) {
    SupervisorReport report;
    const ssize_t size = supervisor_->receive(report);
    if (size == sizeof report) {
      empty = report.empty;
    } else if (size < 0 && errno == EAGAIN) {
      pollfd socket{supervisor_->socket(), POLLIN, 0};
      if (::poll(&socket, 1, static_cast<int>(wake_again.count())) == 0 && supervisor_->wake() &&
          ++wakes_ >= most_wakes) {
        break;
      }
    } else {
      break;
    }
  }
  auto& pool = supervisor_pool();
  if (empty) {
    pool.keep(std::move(supervisor_));
  } else {
    pool.bury(std::move(supervisor_));
  }
}

}  // namespace rtfx::process
