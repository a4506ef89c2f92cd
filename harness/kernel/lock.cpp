// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "base/error.hpp"

namespace rtfx::kernel {

std::optional<FileDescriptor> try_lock_folder(const fs::path& folder) {
  fs::create_directories(folder);
  const fs::path path = folder / "lock";
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file) throw system_error("opening " + path.string(), errno);
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR) throw system_error("locking " + path.string(), errno);
  }
  return file;
}

FileDescriptor lock_folder(const fs::path& folder, const char* what, std::stop_token stop,
                           const pkg::Log& log) {
  bool told = false;
  for (;;) {
    if (auto file = try_lock_folder(folder)) return *std::move(file);
    if (stop.stop_requested()) throw Error("cancelled", ExitCode::interrupted);
    if (!told && log) log(std::string("waiting for ") + what + "\n");
    told = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace rtfx::kernel
