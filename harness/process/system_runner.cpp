// SPDX-License-Identifier: Apache-2.0
//
// Runs one command to its end. Everything about one run happens on the thread that called run(), in one event loop of
// its own; only a stop request comes from elsewhere, and is posted to that loop.
//
//     running ──main exits──> draining ──100 ms, something is left──> terminating ──grace──> killing
//        └──time limit, stop────────────────────────────────────────────┘
//     any of them ──supervisor exits: nothing is left──> gone ──end of output, or 100 ms──> finished
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/process/v2/posix/default_launcher.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "fmt/format.h"
#include "harness/process/launch.hpp"
#include "harness/process/proc_table.hpp"
#include "harness/process/supervisor.hpp"

namespace rtfx::process {

namespace {

namespace asio = boost::asio;
namespace bp = boost::process::v2;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// How long output is awaited after the last process that matters has gone.
constexpr milliseconds drain_window{100};
/// A cancelled run must be over within 2 s.
constexpr milliseconds cancelled_grace{1000};
/// SIGKILL works at once, but for processes that hang inside the kernel.
constexpr milliseconds kill_patience{10'000};
/// Keeps time points of the clock from overflowing.
constexpr milliseconds longest_timeout = std::chrono::hours(24 * 365);

/// Supervisors of all runs that are active: what else is a child of this process has lost its supervisor.
class SupervisorRegistry {
 public:
  std::mutex mutex;  ///< held from before a fork until its child is in `pids`
  std::set<pid_t> pids;

  /// Kills and reaps the orphans that this process got as the last subreaper, after a supervisor was killed.
  void kill_orphans() {
    const std::lock_guard lock(mutex);
    for (bool any = true; any;) {
      any = false;
      for (const ProcessEntry& process : descendants(::getpid())) {
        if (process.parent != ::getpid() || pids.contains(process.pid)) continue;
        signal_process(process, SIGKILL);
        any = ::waitpid(process.pid, nullptr, 0) == process.pid || any;
      }
    }
  }
};

SupervisorRegistry& registry() {
  static SupervisorRegistry instance;
  return instance;
}

struct Pipe {
  FileDescriptor read, write;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("making a pipe", errno);
    read = FileDescriptor(ends[0]);
    write = FileDescriptor(ends[1]);
  }
};

/// The text as a readable file without a name: nobody has to feed it, and nothing breaks when it is not read.
FileDescriptor standard_input(const std::string& text) {
  if (text.empty()) return FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  FileDescriptor file(::memfd_create("stdin", MFD_CLOEXEC));
  if (!file) throw system_error("making a file in memory", errno);
  write_all(file.get(), text, "standard input");
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

std::vector<const char*> pointers(const std::vector<std::string>& strings) {
  std::vector<const char*> result;
  for (const auto& string : strings) result.push_back(string.c_str());
  result.push_back(nullptr);
  return result;
}

/// Process v2 forks and places the standard streams; then this takes over for good. Its own way out after a failed
/// exec, exit(), would run the destructors of the parent's statics.
struct Supervised {
  SupervisedProgram program;
  template <typename Launcher>
  error_code on_exec_setup(Launcher&, const boost::filesystem::path&, const char* const*(&)) {
    supervise(program);
  }
};

class Run {
 public:
  Run(const Command& command, const Sink& sink) : command_(command), sink_(sink) {}
  ~Run() { end_supervisor(); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Outcome finish(std::stop_token stop) {
    start();
    const std::stop_callback on_stop(stop, [this] { asio::post(context_, [this] { cancel(); }); });
    context_.run();
    return judge();
  }

 private:
  enum class Phase { running, draining, terminating, killing, gone };

  struct Output {
    Stream stream;
    asio::posix::stream_descriptor pipe;
    std::array<char, 65536> buffer;
  };

  void start();
  void read_output(Output& output);
  void read_report();
  void await_supervisor();
  void after(milliseconds delay, void (Run::*next)());
  void main_ended(int status);
  void cancel();
  void terminate();
  void terminate_leftovers();
  void kill();
  void give_up();
  void gone();
  void finish_if_drained();
  void close_pipes();
  void end_supervisor() noexcept;
  Outcome judge();

  const Command& command_;
  const Sink& sink_;
  asio::io_context context_{1};
  Output out_{Stream::out, asio::posix::stream_descriptor(context_), {}};
  Output err_{Stream::err, asio::posix::stream_descriptor(context_), {}};
  asio::posix::stream_descriptor report_{context_};
  asio::steady_timer limit_{context_};
  asio::steady_timer step_{context_};
  asio::posix::stream_descriptor supervisor_exit_{context_};  ///< a pidfd
  pid_t supervisor_ = 0;                                      ///< 0: none, or reaped
  Clock::time_point started_;

  Phase phase_ = Phase::running;
  std::optional<SupervisorReport> failure_;
  std::optional<int> status_;
  Outcome outcome_;
};

void Run::start() {
  const std::string program = program_path(command_);
  const auto environment = environment_of(command_);
  const auto argv = pointers(command_.argv);
  const auto envp = pointers(environment);
  const sigset_t mask = child_signal_mask();
  const FileDescriptor input = standard_input(command_.stdin_text);
  Pipe out, err, report;
  Supervised supervised{{::getpid(), report.write.get(),
                         command_.cwd.empty() ? nullptr : command_.cwd.c_str(), program.c_str(),
                         argv.data(), envp.data(), &mask}};
  {
    const std::lock_guard lock(registry().mutex);
    error_code failed;
    started_ = Clock::now();
    auto process = bp::posix::default_launcher{}(
        context_.get_executor(), failed, boost::filesystem::path(program),
        std::vector<std::string>{},
        bp::process_stdio{input.get(), out.write.get(), err.write.get()}, supervised);
    if (failed)
      throw Error(fmt::format("cannot start {}: {}", program, failed.message()), ExitCode::host);
    supervisor_ = process.detach().id();
    registry().pids.insert(supervisor_);
  }
  out_.pipe.assign(std::exchange(out.read, {}).release());
  err_.pipe.assign(std::exchange(err.read, {}).release());
  report_.assign(std::exchange(report.read, {}).release());

  read_output(out_);
  read_output(err_);
  read_report();
  await_supervisor();
  limit_.expires_after(std::min(command_.timeout, longest_timeout));
  limit_.async_wait([this](error_code aborted) {
    if (aborted || phase_ != Phase::running) return;
    outcome_.ending = Ending::timed_out;
    terminate();
  });
}

void Run::read_output(Output& output) {
  output.pipe.async_read_some(
      asio::buffer(output.buffer), [this, &output](error_code ended, std::size_t size) {
        if (size > 0 && sink_) sink_(output.stream, std::string_view(output.buffer.data(), size));
        if (!ended) return read_output(output);
        output.pipe.close(ended);
        finish_if_drained();
      });
}

void Run::read_report() {
  report_.async_wait(asio::posix::descriptor_base::wait_read, [this](error_code aborted) {
    if (aborted) return;
    SupervisorReport report{};
    const ssize_t size = ::read(report_.native_handle(), &report, sizeof report);
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) return read_report();
    if (size != sizeof report) {
      report_.close(aborted);
      return finish_if_drained();
    }
    if (report.kind == SupervisorReport::exited) {
      main_ended(report.value);
    } else {
      failure_ = report;
    }
    read_report();
  });
}

void Run::await_supervisor() {
  const long descriptor = ::syscall(SYS_pidfd_open, supervisor_, 0);
  if (descriptor < 0) throw system_error("watching a process", errno);
  supervisor_exit_.assign(static_cast<int>(descriptor));
  supervisor_exit_.async_wait(asio::posix::descriptor_base::wait_read, [this](error_code aborted) {
    if (aborted) return;
    const std::lock_guard lock(registry().mutex);
    ::waitpid(supervisor_, nullptr, 0);
    registry().pids.erase(std::exchange(supervisor_, 0));
    gone();
  });
}

void Run::after(milliseconds delay, void (Run::*next)()) {
  step_.expires_after(delay);
  step_.async_wait([this, next, phase = phase_](error_code aborted) {
    // One that was already due cannot be cancelled any more, but may be overtaken.
    if (!aborted && phase == phase_) (this->*next)();
  });
}

void Run::main_ended(int status) {
  status_ = status;
  outcome_.elapsed = Clock::now() - started_;
  if (phase_ != Phase::running) return;
  phase_ = Phase::draining;
  limit_.cancel();
  after(drain_window, &Run::terminate_leftovers);
}

void Run::cancel() {
  if (phase_ == Phase::running) {
    outcome_.ending = Ending::cancelled;
    terminate();
  }
  if (phase_ == Phase::terminating && command_.grace > cancelled_grace)
    after(cancelled_grace, &Run::kill);
}

void Run::terminate_leftovers() {
  outcome_.leaked = true;
  terminate();
}

void Run::terminate() {
  phase_ = Phase::terminating;
  if (command_.grace <= milliseconds(0)) return kill();
  for (const ProcessEntry& process : descendants(supervisor_)) {
    signal_process(process, SIGTERM);
    signal_process(process, SIGCONT);  // one that is stopped would not see it
  }
  after(command_.grace, &Run::kill);
}

void Run::kill() {
  phase_ = Phase::killing;
  ::kill(supervisor_, kill_tree_signal);
  after(kill_patience, &Run::give_up);
}

void Run::give_up() {
  throw Error(
      fmt::format("{}: a process of it does not end, not even by SIGKILL", command_.argv.front()),
      ExitCode::host);
}

void Run::gone() {
  phase_ = Phase::gone;
  limit_.cancel();
  after(drain_window, &Run::close_pipes);
  finish_if_drained();
}

void Run::finish_if_drained() {
  if (phase_ == Phase::gone && !out_.pipe.is_open() && !err_.pipe.is_open() && !report_.is_open())
    step_.cancel();
}

void Run::close_pipes() {
  error_code ignored;
  out_.pipe.close(ignored);
  err_.pipe.close(ignored);
  report_.close(ignored);
}

Outcome Run::judge() {
  const std::string& name = command_.argv.front();
  if (failure_) {
    const std::string why = std::strerror(failure_->value);
    if (failure_->kind == SupervisorReport::chdir_failed) {
      throw Error(fmt::format("cannot run {} in {}: {}", name, command_.cwd.string(), why),
                  ExitCode::host);
    }
    throw Error(fmt::format("cannot start {}: {}", name, why), ExitCode::host);
  }
  if (!status_) {
    registry().kill_orphans();
    throw Error(fmt::format("{}: the process that supervised it was killed", name), ExitCode::host);
  }
  if (outcome_.ending == Ending::timed_out || outcome_.ending == Ending::cancelled) {
    outcome_.elapsed = Clock::now() - started_;
  } else if (WIFSIGNALED(*status_)) {
    outcome_.ending = Ending::signalled;
    outcome_.signal = WTERMSIG(*status_);
  } else {
    outcome_.exit_code = WEXITSTATUS(*status_);
  }
  return outcome_;
}

/// Only for the way out through an exception, of a sink for instance.
void Run::end_supervisor() noexcept {
  if (supervisor_ == 0) return;
  ::kill(supervisor_, kill_tree_signal);
  const auto deadline = Clock::now() + kill_patience;
  while (::waitpid(supervisor_, nullptr, WNOHANG) == 0) {
    if (Clock::now() > deadline) ::kill(supervisor_, SIGKILL);
    std::this_thread::sleep_for(milliseconds(2));
  }
  const std::lock_guard lock(registry().mutex);
  registry().pids.erase(supervisor_);
}

class SystemRunner final : public Runner {
 public:
  SystemRunner() {
    // Pipes must not get the numbers 0 to 2, and exit codes must not be dropped by the kernel.
    int fd = 0;
    while ((fd = ::open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0 && fd <= 2) {
      ::fcntl(fd, F_SETFD, 0);
    }
    if (fd >= 0) ::close(fd);
    ::signal(SIGCHLD, SIG_DFL);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  }

  Outcome run(const Command& command, const Sink& sink, std::stop_token stop) override {
    if (command.argv.empty() || command.timeout <= milliseconds(0)) {
      std::fprintf(stderr, "rtfx: bug: a command without %s: %s\n",
                   command.argv.empty() ? "a program" : "a time limit",
                   command.argv.empty() ? "" : command.argv.front().c_str());
      std::abort();
    }
    if (stop.stop_requested()) return Outcome{.ending = Ending::cancelled};
    return Run(command, sink).finish(std::move(stop));
  }
};

}  // namespace

Runner& system_runner() {
  static SystemRunner runner;
  return runner;
}

}  // namespace rtfx::process
