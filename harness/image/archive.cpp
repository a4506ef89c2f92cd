// SPDX-License-Identifier: Apache-2.0
#include "harness/image/archive.hpp"

#include <archive.h>
#include <archive_entry.h>

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

Extent spool_data(struct archive* reader, struct archive_entry* entry, Spool& spool) {
  const auto declared = ::archive_entry_size(entry);
  if (declared < 0) throw Error("a member has a negative size");
  const Extent extent = spool.reserve(static_cast<std::uint64_t>(declared));
  const void* block = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  for (;;) {
    const int status = ::archive_read_data_block(reader, &block, &size, &offset);
    if (status == ARCHIVE_EOF) return extent;
    check(status, reader);
    if (offset < 0 || size > extent.size || static_cast<std::uint64_t>(offset) > extent.size - size)
      throw Error("a member has more bytes than its size");
    // What is between the blocks of a sparse file stays zero.
    spool.write_at(extent.offset + static_cast<std::uint64_t>(offset),
                   {static_cast<const char*>(block), size});
  }
}

}  // namespace

void read_tar(const ReadAt& read_at, Spool& spool, std::stop_token stop,
              const std::function<void(ArchiveMember)>& each) {
  const oci::BytesLocale bytes_locale;
  Input input{read_at};
  const Reader reader = open_tar(input);
  for (;;) {
    if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
    struct archive_entry* entry = nullptr;
    const int status = ::archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) return;
    check(status, reader.get());
    const char* name = ::archive_entry_pathname(entry);
    if (name == nullptr) throw Error("damaged archive: a member has no name");
    ArchiveMember member;
    member.path = normalise_path(name);
    if (const char* target = ::archive_entry_hardlink(entry); target != nullptr) {
      member.hard_link = normalise_path(target);
    } else {
      member.inode = inode_of(entry, member.path);
      if (member.inode.type == FileType::regular)
        member.inode.data = spool_data(reader.get(), entry, spool);
    }
    each(std::move(member));
  }
}

}  // namespace rtfx::image
