// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/tag_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace rtfx::registry {

TagLock::TagLock(Client& client, const std::filesystem::path& directory,
                 const oci::Reference& tag) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  const std::filesystem::path path = directory / Digest::of(tag.str()).hex();
  file_ = FileDescriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file_) throw system_error("opening the lock " + path.string(), errno);
  while (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      throw system_error("locking " + path.string(), errno);
    client.wait(std::chrono::milliseconds(20));
  }
}

}  // namespace rtfx::registry
