// SPDX-License-Identifier: Apache-2.0
//
// rtfx's side of its supervisors (supervisor.cpp). Internal to this folder.
#pragma once

#include <sys/types.h>

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "harness/process/process.hpp"
#include "harness/process/supervisor.hpp"

namespace rtfx::process {

/// One supervisor, to which one program at a time can be given.
class Supervisor {
 public:
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// The standard streams that a program gets; they stay the caller's.
  struct Streams {
    int in, out, err;
  };
  /// False when this supervisor is dead. Throws Error (ExitCode::host) when the command is too long.
  bool start(const Command& command, const std::string& program, const Streams& streams);
  /// SIGKILL to everything below it, over and over until nothing is left.
  void kill() noexcept;
  /// Lets it go on if it is stopped, by what runs below it; whether it was.
  bool wake() noexcept;
  /// The next report, without waiting: as recv(2), 0 when it is dead, -1 with errno.
  ssize_t receive(SupervisorReport& report) noexcept;

  pid_t pid() const { return pid_; }
  /// To wait for reports with.
  int socket() const { return socket_.get(); }

 private:
  friend class SupervisorPool;
  Supervisor() = default;

  pid_t pid_ = 0;
  FileDescriptor socket_;
  char* memory_ = nullptr;        ///< shared_memory_size
  std::size_t used_ = 0;          ///< by the last command
  const char* remote_ = nullptr;  ///< the same memory where the supervisor sees it
};

/// All supervisors of this process; for every thread.
class SupervisorPool {
 public:
  SupervisorPool() = default;
  ~SupervisorPool();
  SupervisorPool(const SupervisorPool&) = delete;
  SupervisorPool& operator=(const SupervisorPool&) = delete;

  /// Makes sure that there is a zygote, and this process a child subreaper.
  void prepare();
  /// A supervisor that has started the command. Throws Error (ExitCode::host).
  std::unique_ptr<Supervisor> start(const Command& command, const std::string& program,
                                    const Supervisor::Streams& streams);
  /// Takes back one below which nothing is left.
  void keep(std::unique_ptr<Supervisor> supervisor) noexcept;
  /// Ends one that is dead already, or that cannot be trusted any more, and all that it had below it. False when
  /// something is left, which hangs inside the kernel.
  bool bury(std::unique_ptr<Supervisor> supervisor) noexcept;

  /// The zygote and all supervisors: what else is a child of this process has lost its supervisor.
  std::set<pid_t> pids() const;

 private:
  std::unique_ptr<Supervisor> take();
  std::unique_ptr<Supervisor> spawn();
  std::unique_ptr<Supervisor> ask_zygote();
  void prepare_locked();
  void fork_zygote();
  void end_zygote() noexcept;
  bool kill_orphans();

  mutable std::mutex mutex_;
  pid_t owner_ = 0;  ///< a process that was forked from this one has no supervisors
  pid_t zygote_ = 0;
  FileDescriptor zygote_socket_;
  std::vector<std::unique_ptr<Supervisor>> idle_;
  std::set<pid_t> pids_;  ///< of the supervisors
};

SupervisorPool& supervisor_pool();

}  // namespace rtfx::process
