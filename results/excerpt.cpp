// SPDX-License-Identifier: Apache-2.0
#include "results/excerpt.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::results {
namespace {

std::string read_part(int fd, off_t start, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got =
        pread(fd, bytes.data() + filled, size - filled, start + static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

/// Whole lines look better; a line that is longer than what is shown stays cut in the middle of a
/// character at worst, which text::printable makes visible.
std::string_view without_torn_end(std::string_view head) {
  const auto end = head.rfind('\n');
  return end == std::string_view::npos ? head : head.substr(0, end + 1);
}

std::string_view without_torn_start(std::string_view tail) {
  const auto end = tail.find('\n');
  return end == std::string_view::npos || end + 1 == tail.size() ? tail : tail.substr(end + 1);
}

}  // namespace

std::string excerpt(const std::filesystem::path& file, std::size_t each) {
  const FileDescriptor descriptor(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!descriptor || fstat(descriptor.get(), &status) != 0)
    return fmt::format("[the log cannot be read: {}]", std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return "[the log cannot be read: it is not a file]";
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size <= 2 * each) return text::printable(read_part(descriptor.get(), 0, size));
  const std::string head = read_part(descriptor.get(), 0, each);
  const std::string tail =
      read_part(descriptor.get(), status.st_size - static_cast<off_t>(each), each);
  const auto first = without_torn_end(head);
  const auto last = without_torn_start(tail);
  return fmt::format("{}\n[... {} bytes are left out; all of them are in {} ...]\n{}",
                     text::printable(first), size - first.size() - last.size(),
                     text::printable(file.filename().string()), text::printable(last));
}

}  // namespace rtfx::results
