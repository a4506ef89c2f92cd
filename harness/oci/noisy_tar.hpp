// SPDX-License-Identifier: Apache-2.0
//
// For unit tests: tars as different builders write the same tree.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"

namespace rtfx::oci {

/// A member of a tar that a builder wrote.
struct Member {
  std::string path;
  char type = 'f';        ///< f file, d directory, l symlink, h hard link, c and b devices, p fifo
  std::string text = {};  ///< content or target
  unsigned mode = 0644;
  std::int64_t uid = 0, gid = 0;
  unsigned major = 0, minor = 0;
  std::map<std::string, std::string> xattrs = {};
  auto operator<=>(const Member&) const = default;
};

inline mode_t file_type(char type) {
  const std::map<char, mode_t> types{{'f', AE_IFREG}, {'d', AE_IFDIR}, {'l', AE_IFLNK},
                                     {'c', AE_IFCHR}, {'b', AE_IFBLK}, {'p', AE_IFIFO}};
  return types.at(type);
}

/// What differs between two builders of the same content.
struct Noise {
  std::int64_t time = 1;
  std::string owner = "root";
  enum class Packing { plain, gzip, zstd } packing = Packing::plain;
  bool leading_dot = false;
};

inline std::string make_tar(const std::vector<Member>& members, const Noise& noise) {
  std::string bytes;
  struct archive* writer = ::archive_write_new();
  ::archive_write_set_format_pax(writer);
  if (noise.packing == Noise::Packing::gzip) ::archive_write_add_filter_gzip(writer);
  if (noise.packing == Noise::Packing::zstd) ::archive_write_add_filter_zstd(writer);
  const auto append = [](struct archive*, void* to, const void* data, std::size_t size) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(data), size);
    return static_cast<la_ssize_t>(size);
  };
  ::archive_write_set_bytes_in_last_block(writer, 1);
  ::archive_write_open(writer, &bytes, nullptr, append, nullptr);
  for (const Member& member : members) {
    struct archive_entry* entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, ((noise.leading_dot ? "./" : "") + member.path).c_str());
    ::archive_entry_set_filetype(entry, file_type(member.type == 'h' ? 'f' : member.type));
    ::archive_entry_set_perm(entry, member.mode);
    ::archive_entry_set_uid(entry, member.uid);
    ::archive_entry_set_gid(entry, member.gid);
    ::archive_entry_set_uname(entry, noise.owner.c_str());
    ::archive_entry_set_mtime(entry, noise.time, 123456789);
    ::archive_entry_set_atime(entry, noise.time + 5, 1);
    ::archive_entry_set_ctime(entry, noise.time + 6, 1);
    if (member.type == 'l') ::archive_entry_set_symlink(entry, member.text.c_str());
    if (member.type == 'h') ::archive_entry_set_hardlink(entry, member.text.c_str());
    if (member.type == 'c' || member.type == 'b') {
      ::archive_entry_set_rdevmajor(entry, member.major);
      ::archive_entry_set_rdevminor(entry, member.minor);
    }
    for (const auto& [name, value] : member.xattrs)
      ::archive_entry_xattr_add_entry(entry, name.c_str(), value.data(), value.size());
    ::archive_entry_set_size(entry,
                             member.type == 'f' ? static_cast<la_int64_t>(member.text.size()) : 0);
    EXPECT_GE(::archive_write_header(writer, entry), ARCHIVE_WARN)
        << ::archive_error_string(writer);
    if (member.type == 'f') ::archive_write_data(writer, member.text.data(), member.text.size());
    ::archive_entry_free(entry);
  }
  ::archive_write_close(writer);
  ::archive_write_free(writer);
  return bytes;
}

char type_of(struct archive_entry* entry) {
  if (::archive_entry_hardlink(entry) != nullptr) return 'h';
  for (const char type : {'f', 'd', 'l', 'c', 'b', 'p'})
    if (::archive_entry_filetype(entry) == file_type(type)) return type;
  return '?';
}

/// The members of a tar in their order; times and names of owners go to `leftovers`.
inline std::vector<Member> read_tar(const std::string& bytes, std::set<std::string>& leftovers) {
  std::vector<Member> members;
  struct archive* reader = ::archive_read_new();
  ::archive_read_support_filter_all(reader);
  ::archive_read_support_format_tar(reader);
  EXPECT_EQ(::archive_read_open_memory(reader, bytes.data(), bytes.size()), ARCHIVE_OK);
  struct archive_entry* entry = nullptr;
  int status = 0;
  while ((status = ::archive_read_next_header(reader, &entry)) == ARCHIVE_OK ||
         status == ARCHIVE_WARN) {
    Member member;
    member.path = ::archive_entry_pathname(entry);
    member.type = type_of(entry);
    member.mode = ::archive_entry_perm(entry);
    member.uid = ::archive_entry_uid(entry);
    member.gid = ::archive_entry_gid(entry);
    if (member.type == 'l') member.text = ::archive_entry_symlink(entry);
    if (member.type == 'h') member.text = ::archive_entry_hardlink(entry);
    if (member.type == 'c' || member.type == 'b') {
      member.major = static_cast<unsigned>(::archive_entry_rdevmajor(entry));
      member.minor = static_cast<unsigned>(::archive_entry_rdevminor(entry));
    }
    if (member.type == 'f') {
      member.text.resize(static_cast<std::size_t>(::archive_entry_size(entry)));
      EXPECT_EQ(::archive_read_data(reader, member.text.data(), member.text.size()),
                static_cast<la_ssize_t>(member.text.size()));
    }
    ::archive_entry_xattr_reset(entry);
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    while (::archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
      member.xattrs[name] = std::string(static_cast<const char*>(value), size);
    leftovers.insert(std::to_string(::archive_entry_mtime(entry)) + "." +
                     std::to_string(::archive_entry_mtime_nsec(entry)));
    if (::archive_entry_atime_is_set(entry) != 0) leftovers.insert("atime");
    if (::archive_entry_ctime_is_set(entry) != 0) leftovers.insert("ctime");
    for (const char* owner : {::archive_entry_uname(entry), ::archive_entry_gname(entry)})
      if (owner != nullptr && *owner != '\0') leftovers.insert(owner);
    members.push_back(std::move(member));
  }
  EXPECT_EQ(status, ARCHIVE_EOF) << ::archive_error_string(reader);
  ::archive_read_free(reader);
  return members;
}

inline std::string plain(const std::string& tar) {
  std::string bytes;
  struct archive* reader = ::archive_read_new();
  ::archive_read_support_filter_all(reader);
  ::archive_read_support_format_raw(reader);
  ::archive_read_open_memory(reader, tar.data(), tar.size());
  struct archive_entry* entry = nullptr;
  EXPECT_EQ(::archive_read_next_header(reader, &entry), ARCHIVE_OK);
  char buffer[4096];
  la_ssize_t got = 0;
  while ((got = ::archive_read_data(reader, buffer, sizeof buffer)) > 0)
    bytes.append(buffer, static_cast<std::size_t>(got));
  ::archive_read_free(reader);
  return bytes;
}

}  // namespace rtfx::oci
