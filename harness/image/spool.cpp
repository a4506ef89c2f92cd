// SPDX-License-Identifier: Apache-2.0
#include "harness/image/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "base/error.hpp"

namespace rtfx::image {

Spool::Spool(const std::filesystem::path& directory) {
  fd_ = FileDescriptor(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd_) return;
  // Not every file system has files without a name.
  std::string name = (directory / ".rtfx-spool.XXXXXX").string();
  fd_ = FileDescriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd_) throw system_error("making a temporary file in " + directory.string(), errno);
  ::unlink(name.c_str());
}

Extent Spool::reserve(std::uint64_t size) {
  // A sparse file of a layer can claim any size; no image that boots has this much.
  constexpr std::uint64_t most = std::uint64_t(1) << 40;
  const std::uint64_t offset = size > most ? most : end_.fetch_add(size);
  if (size > most || offset > most - size) {
    throw Error("the files of the image have more than 1 TiB");
  }
  return {offset, size};
}

void Spool::write_at(std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw system_error("writing the temporary file of the image", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

Extent Spool::add(std::string_view bytes) {
  const Extent extent = reserve(bytes.size());
  write_at(extent.offset, bytes);
  return extent;
}

std::size_t Spool::read_at(const Extent& extent, std::uint64_t offset, char* buffer,
                           std::size_t size) const {
  const std::size_t wanted = static_cast<std::size_t>(
      std::min<std::uint64_t>(size, extent.size - std::min(offset, extent.size)));
  std::size_t done = 0;
  while (done < wanted) {
    const ssize_t got = ::pread(fd_.get(), buffer + done, wanted - done,
                                static_cast<off_t>(extent.offset + offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("reading the temporary file of the image", errno);
    if (got == 0) {
      // Room at the end that nobody wrote to.
      std::fill(buffer + done, buffer + wanted, '\0');
      break;
    }
    done += static_cast<std::size_t>(got);
  }
  return wanted;
}

void Spool::copy_to(const Extent& extent, const Sink& sink) const {
  std::vector<char> buffer(std::min<std::uint64_t>(extent.size, 256 * 1024));
  for (std::uint64_t offset = 0; offset < extent.size;) {
    const std::size_t got = read_at(extent, offset, buffer.data(), buffer.size());
    sink({buffer.data(), got});
    offset += got;
  }
}

}  // namespace rtfx::image
