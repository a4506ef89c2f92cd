// SPDX-License-Identifier: Apache-2.0
#include "harness/image/archive.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/oci/bytes_locale.hpp"

namespace rtfx::image {

namespace {

struct Input {
  const ReadAt& read_at;
  std::uint64_t offset = 0;
  std::vector<char> buffer = std::vector<char>(128 * 1024);
};

la_ssize_t read_block(struct archive* reader, void* context, const void** bytes) {
  Input& input = *static_cast<Input*>(context);
  try {
    const std::size_t got = input.read_at(input.offset, input.buffer.data(), input.buffer.size());
    input.offset += got;
    *bytes = input.buffer.data();
    return static_cast<la_ssize_t>(got);
  } catch (const Error& error) {
    ::archive_set_error(reader, EIO, "%s", error.what());
    return -1;
  }
}

struct FreeReader {
  void operator()(struct archive* reader) const { ::archive_read_free(reader); }
};
using Reader = std::unique_ptr<struct archive, FreeReader>;

[[noreturn]] void fail(struct archive* reader) {
  const char* message = ::archive_error_string(reader);
  throw Error("damaged archive: " +
              text::printable(message == nullptr ? "unknown reason" : message));
}

/// A warning about characters is what oci::BytesLocale asks for; any other one means that something of
/// the member was lost.
void check(int status, struct archive* reader) {
  if (status == ARCHIVE_OK) return;
  const char* message = ::archive_error_string(reader);
  if (status == ARCHIVE_WARN && message != nullptr &&
      std::string_view(message).find("can't be converted") != std::string_view::npos)
    return;
  fail(reader);
}

Reader open_tar(Input& input) {
  Reader reader(::archive_read_new());
  if (reader == nullptr) throw Error("out of memory");
  ::archive_read_support_filter_gzip(reader.get());
  ::archive_read_support_filter_zstd(reader.get());
  ::archive_read_support_format_tar(reader.get());
  ::archive_read_support_format_empty(reader.get());
  if (::archive_read_open(reader.get(), &input, nullptr, read_block, nullptr) != ARCHIVE_OK)
    fail(reader.get());
  return reader;
}

FileType type_of(struct archive_entry* entry, const std::string& path) {
  switch (::archive_entry_filetype(entry)) {
    case AE_IFREG:
      return FileType::regular;
    case AE_IFDIR:
      return FileType::directory;
    case AE_IFLNK:
      return FileType::symlink;
    case AE_IFCHR:
      return FileType::character_device;
    case AE_IFBLK:
      return FileType::block_device;
    case AE_IFIFO:
      return FileType::fifo;
    default:
      throw Error("\"" + text::printable(path) + "\" is of a type that is not supported");
  }
}

Inode inode_of(struct archive_entry* entry, const std::string& path) {
  Inode inode;
  inode.type = type_of(entry, path);
  inode.mode = ::archive_entry_perm(entry) & 07777;
  const auto uid = ::archive_entry_uid(entry), gid = ::archive_entry_gid(entry);
  if (uid < 0 || gid < 0 || uid > UINT32_MAX || gid > UINT32_MAX)
    throw Error("\"" + text::printable(path) + "\" has an owner that Linux cannot have");
  inode.uid = static_cast<std::uint32_t>(uid);
  inode.gid = static_cast<std::uint32_t>(gid);
  inode.mtime = ::archive_entry_mtime(entry);
  inode.device_major = static_cast<std::uint32_t>(::archive_entry_rdevmajor(entry));
  inode.device_minor = static_cast<std::uint32_t>(::archive_entry_rdevminor(entry));
  if (inode.type == FileType::symlink) {
    const char* target = ::archive_entry_symlink(entry);
    if (target == nullptr || *target == '\0')
      throw Error("the symbolic link \"" + text::printable(path) + "\" has no target");
    inode.target = target;
  }
  ::archive_entry_xattr_reset(entry);
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  while (::archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
    inode.xattrs[name] = std::string(static_cast<const char*>(value), size);
  return inode;
}

/// The digest of contents that come in blocks with holes between them.
class ContentsHasher {
 public:
  explicit ContentsHasher(std::uint64_t size) : size_(size) {}
  void add(std::uint64_t offset, std::string_view bytes) {
    if (offset < at_) in_order_ = false;
    if (!wanted()) return;
    skip_to(offset);
    hasher_.update(bytes);
    at_ += bytes.size();
  }
  std::optional<Sha256> finish() {
    if (!wanted()) return std::nullopt;
    skip_to(size_);
    return sha256_of(hasher_.finish());
  }

 private:
  /// What is bigger is in no initrd, and may be a hole of terabytes.
  bool wanted() const { return in_order_ && size_ <= UINT32_MAX; }
  void skip_to(std::uint64_t offset) {
    static constexpr char zeros[64 * 1024] = {};
    while (at_ < offset) {
      const auto part = std::min<std::uint64_t>(sizeof zeros, offset - at_);
      hasher_.update({zeros, static_cast<std::size_t>(part)});
      at_ += part;
    }
  }

  Hasher hasher_;
  std::uint64_t size_, at_ = 0;
  bool in_order_ = true;
};

/// Reads an archive that may be hostile.
class TarReader {
 public:
  TarReader(const ReadAt& read_at, Spool& spool, const Place& place, std::stop_token stop)
      : input_{read_at}, reader_(open_tar(input_)), spool_(spool), place_(place), stop_(stop) {}
  std::optional<ArchiveMember> next();

 private:
  void read_contents(struct archive_entry* entry, ArchiveMember& member);
  void check_progress();

  const oci::BytesLocale bytes_locale_;
  Input input_;
  const Reader reader_;
  Spool& spool_;
  const Place& place_;
  const std::stop_token stop_;
  std::uint32_t number_ = 0;
};

void TarReader::check_progress() {
  // A few megabytes of compressed zeros can claim to be any number of bytes.
  constexpr std::int64_t most = std::int64_t(64) << 30;
  if (stop_.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
  if (::archive_filter_bytes(reader_.get(), 0) > most)
    throw Error("the archive unpacks to more than 64 GiB");
}

void TarReader::read_contents(struct archive_entry* entry, ArchiveMember& member) {
  const auto declared = ::archive_entry_size(entry);
  if (declared < 0) throw Error("a member has a negative size");
  const auto extent = place_(member.number, static_cast<std::uint64_t>(declared));
  member.inode.data.size = static_cast<std::uint64_t>(declared);
  if (!extent) return;
  member.inode.data = *extent;
  ContentsHasher hasher(extent->size);
  const void* block = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  for (;;) {
    check_progress();
    const int status = ::archive_read_data_block(reader_.get(), &block, &size, &offset);
    if (status == ARCHIVE_EOF) break;
    check(status, reader_.get());
    if (offset < 0 || size > extent->size ||
        static_cast<std::uint64_t>(offset) > extent->size - size)
      throw Error("a member has more bytes than its size");
    const std::string_view bytes(static_cast<const char*>(block), size);
    hasher.add(static_cast<std::uint64_t>(offset), bytes);
    // What is between the blocks of a sparse file stays zero.
    spool_.write_at(extent->offset + static_cast<std::uint64_t>(offset), bytes);
  }
  member.digest = hasher.finish();
}

std::optional<ArchiveMember> TarReader::next() {
  check_progress();
  struct archive_entry* entry = nullptr;
  const int status = ::archive_read_next_header(reader_.get(), &entry);
  if (status == ARCHIVE_EOF) return std::nullopt;
  check(status, reader_.get());
  const char* name = ::archive_entry_pathname(entry);
  if (name == nullptr) throw Error("damaged archive: a member has no name");
  ArchiveMember member;
  member.number = number_++;
  member.path = normalise_path(name);
  if (const char* target = ::archive_entry_hardlink(entry); target != nullptr) {
    member.hard_link = normalise_path(target);
  } else {
    member.inode = inode_of(entry, member.path);
    if (member.inode.type == FileType::regular) read_contents(entry, member);
  }
  return member;
}

}  // namespace

void read_tar(const ReadAt& input, Spool& spool, const Place& place, std::stop_token stop,
              const std::function<void(ArchiveMember)>& each) {
  TarReader reader(input, spool, place, std::move(stop));
  while (auto member = reader.next()) each(std::move(*member));
}

void read_tar(const ReadAt& input, Spool& spool, std::stop_token stop,
              const std::function<void(ArchiveMember)>& each) {
  const Place place = [&](std::uint32_t, std::uint64_t size) { return spool.reserve(size); };
  read_tar(input, spool, place, std::move(stop), [&](ArchiveMember member) {
    if (member.digest) spool.know(member.inode.data, *member.digest);
    each(std::move(member));
  });
}

}  // namespace rtfx::image
