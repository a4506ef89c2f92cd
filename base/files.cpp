// SPDX-License-Identifier: Apache-2.0
#include "base/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace rtfx {

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

FileDescriptor::~FileDescriptor() { close(); }

void FileDescriptor::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::string read_file(const fs::path& path) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw system_error("reading " + path.string(), errno);
  std::string bytes;
  struct stat status {};
  if (::fstat(fd.get(), &status) == 0 && status.st_size > 0)
    bytes.reserve(static_cast<std::size_t>(status.st_size));
  char buffer[1 << 16];
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    if (got == 0) return bytes;
    if (got > 0) {
      bytes.append(buffer, static_cast<std::size_t>(got));
    } else if (errno != EINTR) {
      throw system_error("reading " + path.string(), errno);
    }
  }
}

void write_all(int fd, std::string_view bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      throw system_error("writing " + name, errno);
    }
  }
}

void write_file_atomically(const fs::path& path, std::string_view bytes, unsigned mode) {
  static std::atomic<unsigned> serial{0};
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  fs::path temporary = path;
  temporary += ".tmp." + std::to_string(::getpid()) + "." + std::to_string(serial++);
  FileDescriptor fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) throw system_error("writing " + path.string(), errno);
  try {
    write_all(fd.get(), bytes, path.string());
    if (::fsync(fd.get()) != 0) throw system_error("writing " + path.string(), errno);
    fd.close();
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      throw system_error("writing " + path.string(), errno);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

TemporaryDirectory::TemporaryDirectory(const std::string& prefix, const fs::path& parent) {
  const fs::path base = parent.empty() ? fs::path(environment("TMPDIR", "/tmp")) : parent;
  std::error_code error;
  fs::create_directories(base, error);
  std::string name = (base / (prefix + ".XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr)
    throw system_error("making a temporary directory in " + base.string(), errno);
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code error;
  fs::remove_all(path_, error);
}

FileLock::FileLock(const fs::path& path) {
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  fd_ = FileDescriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd_) throw system_error("opening the lock " + path.string(), errno);
  while (::flock(fd_.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw system_error("locking " + path.string(), errno);
  }
}

fs::path cache_directory() {
  const std::string xdg = environment("XDG_CACHE_HOME");
  if (!xdg.empty()) return fs::path(xdg) / "rtfx";
  const std::string home = environment("HOME");
  if (home.empty()) {
    throw Error("no place for the cache: set HOME or XDG_CACHE_HOME, or give --cache DIR",
                ExitCode::host);
  }
  return fs::path(home) / ".cache" / "rtfx";
}

std::string environment(const char* name, std::string_view fallback) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::string(fallback) : std::string(value);
}

}  // namespace rtfx
