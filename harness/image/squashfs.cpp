// SPDX-License-Identifier: Apache-2.0
#include "harness/image/squashfs.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <future>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/disk/bytes.hpp"
#include "harness/disk/sparse_file.hpp"
#include "harness/disk/tool.hpp"
#include "harness/image/tar.hpp"

namespace rtfx::image {

namespace {

/// Both ends of a pipe. We keep the reading end open as well, so a reader that dies is no broken pipe to us; write()
/// looks at `gone` instead.
class TarPipe {
 public:
  TarPipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("making a pipe", errno);
    read_ = FileDescriptor(ends[0]);
    write_ = FileDescriptor(ends[1]);
    ::fcntl(write_.get(), F_SETFL, O_NONBLOCK);
  }
  /// Where a child finds the end that it reads.
  std::string path() const {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(read_.get());
  }
  /// False when the reader is gone.
  bool write(std::string_view bytes, const std::atomic<bool>& gone) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(write_.get(), bytes.data(), bytes.size());
      if (written > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno == EAGAIN) {
        if (gone) return false;
        pollfd room{write_.get(), POLLOUT, 0};
        ::poll(&room, 1, 100);
      } else if (errno != EINTR) {
        throw system_error("writing to sqfstar", errno);
      }
    }
    return true;
  }
  void close_writing() { write_.close(); }

 private:
  FileDescriptor read_, write_;
};

struct ReaderGone {};

std::vector<std::string> arguments_of(Compression compression) {
  switch (compression) {
    case Compression::gzip:
      return {"-comp", "gzip", "-noI"};
    case Compression::zstd:
      return {"-comp", "zstd", "-noI"};
    case Compression::none:
      return {"-noI", "-noId", "-noD", "-noF", "-noX"};
  }
  return {};
}

/// Sets the root's time, which sqfstar 4.5.1 takes from the clock whatever it is told. The inodes are not compressed, so
/// it stands somewhere (Linux, fs/squashfs/squashfs_fs.h).
void settle_root_time(const std::filesystem::path& target) {
  FileDescriptor fd(::open(target.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) throw system_error("opening " + target.string(), errno);
  disk::SparseFile file(std::move(fd), target.filename().string());
  const auto number = [&](std::uint64_t at, std::size_t size) {
    const std::string bytes = file.read_at(at, size);
    std::uint64_t value = 0;
    for (std::size_t i = size; i > 0; --i)
      value = value << 8U | static_cast<unsigned char>(bytes[i - 1]);
    return value;
  };
  constexpr std::uint64_t root_at = 32, inode_table_at = 64, time_in_inode = 8, block = 8192,
                          head = 2;
  const std::uint64_t root = number(root_at, 8);
  const std::uint64_t first = number(inode_table_at, 8) + (root >> 16U);
  const std::uint64_t at = (root & 0xffffU) + time_in_inode;
  if (number(0, 4) != 0x73717368 || (number(first, head) & 0x8000U) == 0)
    throw Error("sqfstar wrote something that is not understood");
  // An inode may begin in one block and end in the next; the time alone cannot, as inodes are of whole words.
  const std::uint64_t place = first + at / block * (head + block) + head + at % block;
  file.write_at(place, disk::Bytes().u32(static_cast<std::uint32_t>(generated_mtime)).str());
}

}  // namespace

void write_squashfs(const Tree& tree, const Spool& spool,
                    const std::function<bool(std::string_view)>& wanted, Compression compression,
                    const std::filesystem::path& target, std::stop_token stop) {
  const std::string tool = process::require_program("sqfstar", "squashfs-tools").string();
  TarPipe pipe;
  // With SOURCE_DATE_EPOCH it would give that time to every file.
  std::vector<std::string> arguments = {
      "-c",           "unset SOURCE_DATE_EPOCH; from=$1; shift; exec \"$@\" <\"$from\"",
      "sh",           pipe.path(),
      tool,           "-force",
      "-no-progress", "-quiet",
      "-root-mode",   "0755",
      "-root-uid",    "0",
      "-root-gid",    "0",
      "-mkfs-time",   std::to_string(generated_mtime),
      "-root-time",   std::to_string(generated_mtime)};
  for (std::string& argument : arguments_of(compression)) arguments.push_back(std::move(argument));
  arguments.push_back(target.string());

  std::atomic<bool> gone{false};
  auto running = std::async(std::launch::async, [&] {
    struct Done {
      std::atomic<bool>& flag;
      ~Done() { flag = true; }
    } const done{gone};
    disk::run_tool({"sh", "dash"}, arguments, stop);
  });
  try {
    write_tar(tree, spool,
              [&](std::string_view bytes) {
                if (!pipe.write(bytes, gone)) throw ReaderGone();
              },
              stop, {.wanted = wanted, .gnu_links = true});
    pipe.close_writing();
  } catch (const ReaderGone&) {
    // What it said before it ended is what there is to tell.
    pipe.close_writing();
    running.get();
    throw Error("sqfstar ended before it had read all files");
  } catch (...) {
    // It must not take half a tar for all of it; what it writes is thrown away all the same.
    pipe.close_writing();
    running.wait();
    throw;
  }
  running.get();
  settle_root_time(target);
}

}  // namespace rtfx::image
