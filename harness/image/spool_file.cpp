// SPDX-License-Identifier: Apache-2.0
#include "harness/image/spool_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"

namespace rtfx::image {

Extent spool_file(const std::filesystem::path& path, Spool& spool, std::stop_token stop) {
  // Not waiting for a writer: a pipe is refused below.
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) throw system_error("reading " + path.string(), errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw system_error("reading " + path.string(), errno);
  if (!S_ISREG(status.st_mode)) throw Error(path.string() + " is not a regular file");
  const Extent extent = spool.reserve(static_cast<std::uint64_t>(status.st_size));
  std::vector<char> buffer(256 * 1024);
  std::uint64_t done = 0;
  while (done < extent.size) {
    if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
    const ssize_t got =
        ::read(fd.get(), buffer.data(), std::min<std::uint64_t>(buffer.size(), extent.size - done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("reading " + path.string(), errno);
    if (got == 0) throw Error(path.string() + " became shorter while it was read");
    spool.write_at(extent.offset + done, {buffer.data(), static_cast<std::size_t>(got)});
    done += static_cast<std::uint64_t>(got);
  }
  return extent;
}

}  // namespace rtfx::image
