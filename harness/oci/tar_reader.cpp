// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/tar_reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/oci/bytes_locale.hpp"

namespace rtfx::oci {

namespace {

constexpr std::size_t block_size = 1 << 20;

Error interrupted() { return Error("interrupted", ExitCode::interrupted); }

/// Reads from a descriptor; a pipe that is silent does not keep it from hearing `stop`.
struct Input {
  int fd;
  std::stop_token stop;
  std::vector<char> buffer = std::vector<char>(block_size);

  /// The number of bytes, 0 at the end; negative: -errno.
  ssize_t fill() {
    for (;;) {
      struct pollfd ready {
        fd, POLLIN, 0
      };
      const int count = ::poll(&ready, 1, 200);
      if (stop.stop_requested()) return -ECANCELED;
      if (count == 0 || (count < 0 && errno == EINTR)) continue;
      const ssize_t got = ::read(fd, buffer.data(), buffer.size());
      if (got >= 0) return got;
      if (errno != EINTR && errno != EAGAIN) return -errno;
    }
  }
};

la_ssize_t read_block(struct archive* reader, void* context, const void** bytes) {
  Input& input = *static_cast<Input*>(context);
  const ssize_t got = input.fill();
  *bytes = input.buffer.data();
  if (got >= 0) return got;
  ::archive_set_error(reader, static_cast<int>(-got), "reading: %s",
                      std::strerror(static_cast<int>(-got)));
  return -1;
}

struct FreeReader {
  void operator()(struct archive* reader) const { ::archive_read_free(reader); }
};
using Reader = std::unique_ptr<struct archive, FreeReader>;

[[noreturn]] void fail(struct archive* reader, const Input& input, const char* what,
                       ExitCode code = ExitCode::failed) {
  if (input.stop.stop_requested()) throw interrupted();
  const char* message = ::archive_error_string(reader);
  throw Error(
      std::string(what) + ": " + text::one_line(message == nullptr ? "unknown reason" : message),
      code);
}

Reader new_reader() {
  Reader reader(::archive_read_new());
  if (reader == nullptr) throw Error("out of memory");
  ::archive_read_support_filter_gzip(reader.get());
  ::archive_read_support_filter_xz(reader.get());
  ::archive_read_support_filter_zstd(reader.get());
  ::archive_read_support_filter_bzip2(reader.get());
  ::archive_read_support_format_empty(reader.get());
  return reader;
}

char type_of(struct archive_entry* entry) {
  if (::archive_entry_hardlink(entry) != nullptr) return 'h';
  switch (::archive_entry_filetype(entry)) {
    case AE_IFDIR:
      return 'd';
    case AE_IFLNK:
      return 'l';
    case AE_IFCHR:
      return 'c';
    case AE_IFBLK:
      return 'b';
    case AE_IFIFO:
      return 'p';
    case AE_IFSOCK:
      return 's';
    default:
      return 'f';
  }
}

std::string string_of(const char* text) { return text == nullptr ? "" : text; }

void describe(struct archive_entry* entry, TarMember& member) {
  member = {};
  member.path = string_of(::archive_entry_pathname(entry));
  member.type = type_of(entry);
  member.mode = ::archive_entry_perm(entry);
  member.uid = ::archive_entry_uid(entry);
  member.gid = ::archive_entry_gid(entry);
  member.user = string_of(::archive_entry_uname(entry));
  member.group = string_of(::archive_entry_gname(entry));
  member.mtime = ::archive_entry_mtime(entry);
  member.mtime_nsec = ::archive_entry_mtime_nsec(entry);
  if (member.type == 'f')
    member.size = static_cast<std::uint64_t>(std::max<la_int64_t>(0, ::archive_entry_size(entry)));
  if (member.type == 'l') member.target = string_of(::archive_entry_symlink(entry));
  if (member.type == 'h') member.target = string_of(::archive_entry_hardlink(entry));
  if (member.type == 'c' || member.type == 'b') {
    member.device_major = static_cast<std::uint32_t>(::archive_entry_rdevmajor(entry));
    member.device_minor = static_cast<std::uint32_t>(::archive_entry_rdevminor(entry));
  }
  ::archive_entry_xattr_reset(entry);
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  while (::archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
    member.xattrs[name] = std::string(static_cast<const char*>(value), size);
}

/// The data of the current entry, holes as zeros.
void read_data(struct archive* reader, const Input& input, const Sink& sink) {
  static constexpr char zeros[4096] = {};
  la_int64_t done = 0;
  for (;;) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int status = ::archive_read_data_block(reader, &block, &size, &offset);
    if (input.stop.stop_requested()) throw interrupted();
    if (status < ARCHIVE_WARN) fail(reader, input, "damaged archive");
    for (; done < offset;
         done += static_cast<la_int64_t>(std::min<la_int64_t>(offset - done, sizeof zeros)))
      sink({zeros, static_cast<std::size_t>(std::min<la_int64_t>(offset - done, sizeof zeros))});
    if (status == ARCHIVE_EOF) return;
    sink({static_cast<const char*>(block), size});
    done += static_cast<la_int64_t>(size);
  }
}

}  // namespace

struct TarReader::State {
  BytesLocale locale;
  Input input;
  Reader reader;
};

TarReader::TarReader(int fd, std::stop_token stop)
    : state_(new State{{}, {fd, std::move(stop)}, new_reader()}) {
  struct archive* reader = state_->reader.get();
  ::archive_read_support_format_tar(reader);
  if (::archive_read_open(reader, &state_->input, nullptr, read_block, nullptr) != ARCHIVE_OK)
    fail(reader, state_->input, "no tar archive", ExitCode::usage);
}

TarReader::~TarReader() = default;

bool TarReader::next(TarMember& member) {
  struct archive_entry* entry = nullptr;
  const int status = ::archive_read_next_header(state_->reader.get(), &entry);
  if (status == ARCHIVE_EOF) return false;
  if (status < ARCHIVE_WARN) fail(state_->reader.get(), state_->input, "damaged archive");
  describe(entry, member);
  return true;
}

void TarReader::read(const Sink& sink) { read_data(state_->reader.get(), state_->input, sink); }

void TarReader::drain() {
  for (;;) {
    const ssize_t got = state_->input.fill();
    if (got == -ECANCELED) throw interrupted();
    if (got <= 0) return;
  }
}

void decompress(int fd, const Sink& sink, std::stop_token stop) {
  Input input{fd, std::move(stop)};
  const Reader reader = new_reader();
  ::archive_read_support_format_raw(reader.get());
  if (::archive_read_open(reader.get(), &input, nullptr, read_block, nullptr) != ARCHIVE_OK)
    fail(reader.get(), input, "damaged stream");
  struct archive_entry* entry = nullptr;
  const int status = ::archive_read_next_header(reader.get(), &entry);
  if (status == ARCHIVE_EOF) return;
  if (status < ARCHIVE_WARN) fail(reader.get(), input, "damaged stream");
  read_data(reader.get(), input, sink);
}

}  // namespace rtfx::oci
