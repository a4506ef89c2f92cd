// SPDX-License-Identifier: Apache-2.0
#include "harness/process/supervisor_pool.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "fmt/format.h"
#include "harness/process/launch.hpp"
#include "harness/process/packet.hpp"
#include "harness/process/proc_table.hpp"

namespace rtfx::process {

namespace {

/// More than these wait for nothing.
constexpr std::size_t most_idle = 16;
/// What a large command has taken of the shared memory is given back.
constexpr std::size_t kept_memory = std::size_t{256} << 10;
/// A fork takes milliseconds, in a large process some more.
constexpr int zygote_patience_ms = 5000;
constexpr auto orphan_patience = std::chrono::seconds(2);

/// Writes strings for the supervisor, and pointers that are right there.
class Writer {
 public:
  Writer(char* local, const char* remote) : local_(local), remote_(remote) {}

  const char* text(std::string_view text) { return this->text(text, {}); }
  /// "NAME=value" in two pieces.
  const char* text(std::string_view head, std::string_view tail) {
    char* at = reserve(head.size() + tail.size() + 1, 1);
    if (!head.empty()) std::memcpy(at, head.data(), head.size());
    if (!tail.empty()) std::memcpy(at + head.size(), tail.data(), tail.size());
    at[head.size() + tail.size()] = '\0';
    return remote_ + (at - local_);
  }
  /// Ends with a null pointer.
  const char* const* array(std::vector<const char*> pointers) {
    pointers.push_back(nullptr);
    const std::size_t size = pointers.size() * sizeof(pointers.front());
    char* at = reserve(size, alignof(const char*));
    std::memcpy(at, pointers.data(), size);
    return reinterpret_cast<const char* const*>(remote_ + (at - local_));
  }
  std::size_t used() const { return used_; }

 private:
  char* reserve(std::size_t size, std::size_t alignment) {
    const std::size_t begin = (used_ + alignment - 1) / alignment * alignment;
    if (begin > shared_memory_size || size > shared_memory_size - begin)
      throw Error(std::strerror(E2BIG), ExitCode::host);
    used_ = begin + size;
    return local_ + begin;
  }

  char* local_;
  const char* remote_;
  std::size_t used_ = 0;
};

const char* const* write_arguments(Writer& writer, const Command& command) {
  std::vector<const char*> pointers;
  for (const auto& argument : command.argv) pointers.push_back(writer.text(argument));
  return writer.array(std::move(pointers));
}

const char* const* write_environment(Writer& writer, const Command& command) {
  std::vector<const char*> pointers;
  for_each_variable(command, [&](std::string_view name, std::string_view rest) {
    pointers.push_back(writer.text(name, rest));
  });
  return writer.array(std::move(pointers));
}

void socket_pair(FileDescriptor& ours, FileDescriptor& theirs) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    throw system_error("making a socket", errno);
  ours = FileDescriptor(ends[0]);
  theirs = FileDescriptor(ends[1]);
}

/// SIGKILL for a child that has no children of its own.
void kill_and_reap(pid_t pid) noexcept {
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Supervisor::~Supervisor() {
  if (memory_ != nullptr) ::munmap(memory_, shared_memory_size);
}

bool Supervisor::start(const Command& command, const std::string& program, const Streams& streams) {
  Writer writer(memory_, remote_);
  SupervisorRequest request;
  request.kind = SupervisorRequest::start;
  request.program = writer.text(program);
  if (!command.cwd.empty()) request.directory = writer.text(command.cwd.native());
  request.argv = write_arguments(writer, command);
  request.environment = write_environment(writer, command);
  request.mask = child_signal_mask();
  PassedDescriptors passed{{streams.in, streams.out, streams.err, -1}, 3};
  FileDescriptor here;  // the supervisor is not where this process is
  if (!command.cwd.is_absolute()) {
    here = FileDescriptor(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!here) throw system_error("opening the current directory", errno);
    passed.fds[passed.count++] = here.get();
  }
  used_ = writer.used();
  return send_packet(socket_.get(), &request, sizeof request, passed);
}

void Supervisor::kill() noexcept {
  const SupervisorRequest request;
  // There is room for it: the supervisor has read what came before, unless it is dead, or asked already.
  send_packet(socket_.get(), &request, sizeof request);
  wake();
}

bool Supervisor::wake() noexcept {
  siginfo_t state{};
  const bool stopped =
      ::waitid(P_PID, static_cast<id_t>(pid_), &state, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
      state.si_pid == pid_;
  ::kill(pid_, SIGCONT);
  return stopped;
}

ssize_t Supervisor::receive(SupervisorReport& report) noexcept {
  PassedDescriptors none;
  const ssize_t size = receive_packet(socket_.get(), &report, sizeof report, MSG_DONTWAIT, none);
  return size < 0 && errno == ECONNRESET ? 0 : size;
}

SupervisorPool::~SupervisorPool() {
  if (owner_ != ::getpid()) return;
  for (const auto& supervisor : idle_) ::kill(supervisor->pid(), SIGKILL);
  for (const auto& supervisor : idle_) kill_and_reap(supervisor->pid());
  end_zygote();
}

void SupervisorPool::prepare() {
  const std::lock_guard lock(mutex_);
  prepare_locked();
}

void SupervisorPool::prepare_locked() {
  if (owner_ == ::getpid()) return;
  idle_.clear();
  pids_.clear();
  zygote_ = 0;
  zygote_socket_.close();
  // Pipes must not get the numbers 0 to 2, and exit codes must not be dropped by the kernel.
  int fd = 0;
  while ((fd = ::open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0 && fd <= 2) {
    ::fcntl(fd, F_SETFD, 0);
  }
  if (fd >= 0) ::close(fd);
  ::signal(SIGCHLD, SIG_DFL);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  fork_zygote();
  owner_ = ::getpid();
}

void SupervisorPool::fork_zygote() {
  FileDescriptor ours, theirs;
  socket_pair(ours, theirs);
  const pid_t pid = ::fork();
  if (pid == 0) zygote(theirs.get());
  if (pid < 0) throw system_error("starting a process", errno);
  zygote_ = pid;
  zygote_socket_ = std::move(ours);
}

void SupervisorPool::end_zygote() noexcept {
  if (zygote_ != 0) kill_and_reap(std::exchange(zygote_, 0));
  zygote_socket_.close();
}

std::unique_ptr<Supervisor> SupervisorPool::spawn() {
  if (zygote_ == 0) fork_zygote();
  if (auto supervisor = ask_zygote()) return supervisor;
  end_zygote();  // it had been killed, or stopped
  fork_zygote();
  if (auto supervisor = ask_zygote()) return supervisor;
  throw Error("the process that starts the others was killed", ExitCode::host);
}

/// Null when there is no answer.
std::unique_ptr<Supervisor> SupervisorPool::ask_zygote() {
  std::unique_ptr<Supervisor> supervisor(new Supervisor);
  FileDescriptor theirs;
  socket_pair(supervisor->socket_, theirs);
  const FileDescriptor memory(::memfd_create("rtfx-command", MFD_CLOEXEC));
  if (!memory || ::ftruncate(memory.get(), shared_memory_size) != 0)
    throw system_error("making a file in memory", errno);
  void* local =
      ::mmap(nullptr, shared_memory_size, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (local == MAP_FAILED) throw system_error("sharing memory", errno);
  supervisor->memory_ = static_cast<char*>(local);

  const PassedDescriptors passed{{theirs.get(), memory.get(), -1, -1}, 2};
  if (!send_packet(zygote_socket_.get(), "", 1, passed)) return nullptr;
  pollfd answer{zygote_socket_.get(), POLLIN, 0};
  ZygoteReply reply;
  PassedDescriptors none;
  if (::poll(&answer, 1, zygote_patience_ms) <= 0 ||
      receive_packet(answer.fd, &reply, sizeof reply, MSG_DONTWAIT, none) != sizeof reply) {
    return nullptr;
  }
  if (reply.pid == 0) throw system_error("starting a process", reply.error);
  supervisor->pid_ = reply.pid;
  supervisor->remote_ = reply.memory;
  pids_.insert(reply.pid);
  return supervisor;
}

std::unique_ptr<Supervisor> SupervisorPool::take() {
  const std::lock_guard lock(mutex_);
  prepare_locked();
  if (idle_.empty()) return spawn();
  auto supervisor = std::move(idle_.back());
  idle_.pop_back();
  return supervisor;
}

std::unique_ptr<Supervisor> SupervisorPool::start(const Command& command,
                                                  const std::string& program,
                                                  const Supervisor::Streams& streams) {
  while (true) {
    auto supervisor = take();
    bool started = false;
    try {
      started = supervisor->start(command, program, streams);
    } catch (const Error&) {
      keep(std::move(supervisor));
      throw;
    }
    if (started) return supervisor;
    const int why = errno;
    bury(std::move(supervisor));
    if (why != EPIPE && why != ECONNRESET) throw system_error("starting a process", why);
  }
}

void SupervisorPool::keep(std::unique_ptr<Supervisor> supervisor) noexcept {
  if (supervisor->used_ > kept_memory)
    ::madvise(supervisor->memory_, shared_memory_size, MADV_REMOVE);
  const std::lock_guard lock(mutex_);
  if (owner_ != ::getpid()) return;
  if (idle_.size() < most_idle) return idle_.push_back(std::move(supervisor));
  kill_and_reap(supervisor->pid());
  pids_.erase(supervisor->pid());
}

bool SupervisorPool::bury(std::unique_ptr<Supervisor> supervisor) noexcept {
  const std::lock_guard lock(mutex_);
  if (owner_ != ::getpid()) return true;
  kill_and_reap(supervisor->pid());
  pids_.erase(supervisor->pid());
  return kill_orphans();
}

/// Kills and reaps the orphans that this process got as the last subreaper. False when some remain.
bool SupervisorPool::kill_orphans() {
  const auto deadline = std::chrono::steady_clock::now() + orphan_patience;
  while (std::chrono::steady_clock::now() < deadline) {
    bool any = false;
    for (const ProcessEntry& process : descendants(::getpid())) {
      if (process.parent != ::getpid() || process.pid == zygote_ || pids_.contains(process.pid))
        continue;
      any = true;
      signal_process(process, SIGKILL);
      for (int i = 0; i < 20 && ::waitpid(process.pid, nullptr, WNOHANG) == 0; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (!any) return true;
  }
  return false;
}

std::set<pid_t> SupervisorPool::pids() const {
  const std::lock_guard lock(mutex_);
  std::set<pid_t> all = pids_;
  if (zygote_ != 0) all.insert(zygote_);
  return all;
}

SupervisorPool& supervisor_pool() {
  static SupervisorPool instance;
  return instance;
}

}  // namespace rtfx::process
