// SPDX-License-Identifier: Apache-2.0
#include "harness/process/proc_table.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

namespace rtfx::process {

namespace {

/// Fields of /proc/PID/stat after the command name, which may itself contain blanks and parentheses.
bool parse_stat(const char* text, ProcessEntry& entry) noexcept {
  const char* rest = std::strrchr(text, ')');
  if (rest == nullptr) return false;
  rest += 1;
  // Field 3 is the state; ppid is field 4, starttime field 22.
  for (int field = 3; field <= 22; ++field) {
    rest += std::strspn(rest, " ");
    if (*rest == '\0') return false;
    if (field == 4) entry.parent = static_cast<pid_t>(std::strtol(rest, nullptr, 10));
    if (field == 22) entry.start = std::strtoull(rest, nullptr, 10);
    rest += std::strcspn(rest, " ");
  }
  return true;
}

bool read_stat(int proc, const char* pid, ProcessEntry& entry) noexcept {
  char path[32];
  const std::size_t length = std::strlen(pid);
  if (length + sizeof "/stat" > sizeof path) return false;
  std::memcpy(path, pid, length);
  std::memcpy(path + length, "/stat", sizeof "/stat");
  const int fd = ::openat(proc, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char text[1024];
  const ssize_t size = ::read(fd, text, sizeof text - 1);
  ::close(fd);
  if (size <= 0) return false;
  text[size] = '\0';
  entry.pid = static_cast<pid_t>(std::strtol(pid, nullptr, 10));
  return parse_stat(text, entry);
}

}  // namespace

bool visit_processes(void (*visit)(const ProcessEntry&, void*), void* context) noexcept {
  // readdir(3) allocates, so this is getdents64(2) itself.
  const int proc = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0) return false;
  alignas(dirent64) char buffer[8192];
  long size = 0;
  while ((size = ::syscall(SYS_getdents64, proc, buffer, sizeof buffer)) > 0) {
    for (long at = 0; at < size;) {
      const auto* record = reinterpret_cast<const dirent64*>(buffer + at);
      ProcessEntry entry;
      if (record->d_name[0] >= '1' && record->d_name[0] <= '9' &&
          read_stat(proc, record->d_name, entry)) {
        visit(entry, context);
      }
      at += record->d_reclen;
    }
  }
  ::close(proc);
  return size == 0;
}

std::optional<ProcessEntry> find_process(pid_t pid) noexcept {
  const int proc = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (proc < 0) return std::nullopt;
  char name[16];
  char* digit = name + sizeof name;
  *--digit = '\0';
  for (pid_t rest = pid; rest > 0; rest /= 10) *--digit = static_cast<char>('0' + rest % 10);
  ProcessEntry entry;
  const bool found = read_stat(proc, digit, entry);
  ::close(proc);
  return found ? std::optional(entry) : std::nullopt;
}

std::vector<ProcessEntry> descendants(pid_t root) {
  std::vector<ProcessEntry> all;
  visit_processes(
      [](const ProcessEntry& entry, void* list) {
        static_cast<std::vector<ProcessEntry>*>(list)->push_back(entry);
      },
      &all);
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.parent < b.parent; });
  std::vector<ProcessEntry> found;
  pid_t parent = root;
  for (std::size_t next = 0;; ++next) {
    auto child =
        std::lower_bound(all.begin(), all.end(), parent,
                         [](const ProcessEntry& entry, pid_t pid) { return entry.parent < pid; });
    for (; child != all.end() && child->parent == parent; ++child) found.push_back(*child);
    if (next == found.size()) return found;
    parent = found[next].pid;
  }
}

void signal_process(const ProcessEntry& process, int signal) noexcept {
  // The descriptor pins the pid: once it is open, and the process is still the one that was meant, no other can be hit.
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0));
  if (fd < 0) return;
  const auto now = find_process(process.pid);
  if (now && now->start == process.start) ::syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0);
  ::close(fd);
}

}  // namespace rtfx::process
