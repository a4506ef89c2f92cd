// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/nameless.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "fmt/format.h"

namespace rtfx::vm {

namespace {

constexpr mode_t mode = 0644;

FileDescriptor open_nameless(const fs::path& directory) {
  FileDescriptor file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode));
  if (file || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
  // Not every file system can; such a file cannot be given a name later.
  std::string name = (directory / "rtfx-XXXXXX").string();
  file = FileDescriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (file) ::unlink(name.c_str());
  return file;
}

}  // namespace

NamelessFile::NamelessFile(const fs::path& directory) : file_(open_nameless(directory)) {
  if (!file_) {
    throw Error(
        fmt::format("cannot make a file in {}: {}", directory.string(), std::strerror(errno)),
        ExitCode::usage);
  }
}

NamelessFile NamelessFile::with(std::string_view content) {
  FileDescriptor file(::memfd_create("rtfx", MFD_CLOEXEC));
  if (!file) throw system_error("making a file in memory", errno);
  write_all(file.get(), content, "a file in memory");
  return NamelessFile(std::move(file));
}

NamelessFile NamelessFile::copy_of(const fs::path& path) {
  const std::string content = read_file(path);
  NamelessFile copy = with({});
  constexpr std::size_t block = 4096;
  const auto check = [&path](bool good) {
    if (!good) throw system_error("copying " + path.string(), errno);
  };
  check(::ftruncate(copy.file_.get(), static_cast<off_t>(content.size())) == 0);
  for (std::size_t at = 0; at < content.size(); at += block) {
    const std::string_view piece = std::string_view(content).substr(at, block);
    if (piece.find_first_not_of('\0') == piece.npos) continue;
    check(::pwrite(copy.file_.get(), piece.data(), piece.size(), static_cast<off_t>(at)) ==
          static_cast<ssize_t>(piece.size()));
  }
  return copy;
}

fs::path NamelessFile::path() const {
  return fmt::format("/proc/{}/fd/{}", ::getpid(), file_.get());
}

bool NamelessFile::link_to(const fs::path& name) const {
  const std::string self = fmt::format("/proc/self/fd/{}", file_.get());
  if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) return true;
  if (errno == EEXIST) return false;
  throw system_error("making " + name.string(), errno);
}

}  // namespace rtfx::vm
