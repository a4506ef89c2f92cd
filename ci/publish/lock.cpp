// SPDX-License-Identifier: Apache-2.0
#include "ci/publish/lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "ci/publish/record.hpp"

namespace rtfx::publish {

PublishLock::PublishLock(Target& target, const std::string& org, const std::filesystem::path& locks,
                         const std::function<void(const std::string&)>& say) {
  std::error_code error;
  std::filesystem::create_directories(locks, error);
  const std::string what = "releases of " + target.ref(record_repository(org), "latest");
  const std::filesystem::path path = locks / Digest::of(what).hex();
  file_ = FileDescriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file_) throw system_error("opening the lock " + path.string(), errno);
  for (bool told = false; ::flock(file_.get(), LOCK_EX | LOCK_NB) != 0; told = true) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      throw system_error("locking " + path.string(), errno);
    if (!told) say("another release is being published to " + target.name() + "; waiting for it");
    target.wait(std::chrono::milliseconds(50));
  }
}

}  // namespace rtfx::publish
