// SPDX-License-Identifier: Apache-2.0
#include "harness/disk/contents.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"

namespace rtfx::disk {

Contents Contents::of_text(std::string text) {
  Contents contents;
  contents.size = text.size();
  contents.copy_to = [text = std::move(text)](const Sink& sink) { sink(text); };
  return contents;
}

Contents Contents::of_file(const std::filesystem::path& path, std::stop_token stop) {
  const auto fd = std::make_shared<FileDescriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!*fd || ::fstat(fd->get(), &status) != 0)
    throw system_error("reading " + path.string(), errno);
  Contents contents;
  contents.size = static_cast<std::uint64_t>(status.st_size);
  contents.copy_to = [fd, path, stop, size = contents.size](const Sink& sink) {
    std::vector<char> buffer(256 * 1024);
    for (std::uint64_t done = 0; done < size;) {
      if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
      const auto want =
          static_cast<std::size_t>(std::min<std::uint64_t>(size - done, buffer.size()));
      const ssize_t got = ::pread(fd->get(), buffer.data(), want, static_cast<off_t>(done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw system_error("reading " + path.string(), errno);
      if (got == 0) throw Error(path.string() + " became shorter while it was read");
      sink({buffer.data(), static_cast<std::size_t>(got)});
      done += static_cast<std::uint64_t>(got);
    }
  };
  return contents;
}

}  // namespace rtfx::disk
