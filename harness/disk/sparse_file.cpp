// SPDX-License-Identifier: Apache-2.0
#include "harness/disk/sparse_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "base/error.hpp"

namespace rtfx::disk {

namespace {

bool is_zero(std::string_view bytes) {
  return bytes.empty() ||
         (bytes.front() == '\0' && bytes.substr(1) == bytes.substr(0, bytes.size() - 1));
}

}  // namespace

SparseFile SparseFile::nameless(const std::filesystem::path& directory, std::string name) {
  FileDescriptor fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!fd) {  // a file system without O_TMPFILE
    std::string pattern = (directory / ".rtfx-disk.XXXXXX").string();
    fd = FileDescriptor(::mkostemp(pattern.data(), O_CLOEXEC));
    if (!fd) throw system_error("making a file in " + directory.string(), errno);
    ::unlink(pattern.c_str());
  }
  return {std::move(fd), std::move(name)};
}

void SparseFile::write_at(std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    // Up to the next multiple of 64 KiB, so that holes are where they are whatever the pieces.
    constexpr std::uint64_t step = 64 * 1024;
    const std::string_view piece = bytes.substr(0, step - offset % step);
    for (std::size_t done = 0; done < piece.size() && !(piece.size() == step && is_zero(piece));) {
      const ssize_t written = ::pwrite(fd_.get(), piece.data() + done, piece.size() - done,
                                       static_cast<off_t>(offset + done));
      if (written < 0 && errno != EINTR) throw system_error("writing " + name_, errno);
      if (written > 0) done += static_cast<std::size_t>(written);
    }
    offset += piece.size();
    bytes.remove_prefix(piece.size());
  }
}

std::string SparseFile::read_at(std::uint64_t offset, std::size_t size) const {
  std::string bytes(size, '\0');
  for (std::size_t done = 0; done < size;) {
    const ssize_t got =
        ::pread(fd_.get(), bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("reading " + name_, errno);
    if (got == 0) throw Error(name_ + " is shorter than expected");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

void SparseFile::resize(std::uint64_t size) {
  if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0)
    throw system_error("writing " + name_, errno);
}

std::uint64_t SparseFile::size() const {
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) throw system_error("reading " + name_, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

void SparseFile::visit_data(
    std::size_t step, const std::function<void(std::uint64_t, std::string_view)>& visit) const {
  const std::uint64_t end = size();
  for (std::uint64_t offset = 0; offset < end;) {
    const off_t data = ::lseek(fd_.get(), static_cast<off_t>(offset), SEEK_DATA);
    if (data < 0 && errno == ENXIO) return;
    if (data >= 0) offset = std::max(offset, static_cast<std::uint64_t>(data) / step * step);
    const std::string bytes =
        read_at(offset, static_cast<std::size_t>(std::min<std::uint64_t>(step, end - offset)));
    if (!is_zero(bytes)) visit(offset, bytes);
    offset += bytes.size();
  }
}

std::filesystem::path SparseFile::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd_.get());
}

}  // namespace rtfx::disk
