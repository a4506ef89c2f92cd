// SPDX-License-Identifier: Apache-2.0
//
// For the tests: small tars, images in a store, and a look at what was assembled.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/image/spool.hpp"
#include "harness/image/tree.hpp"
#include "harness/oci/store.hpp"

namespace rtfx::image::fixture {

/// A member of a tar that a test writes.
struct Member {
  std::string path;
  char type = 'f';   ///< f file, d directory, l symlink, h hard link, c device, p fifo
  std::string text;  ///< contents or target
  unsigned mode = 0644;
  std::uint32_t uid = 0;
  std::map<std::string, std::string> xattrs{};
};

inline Member file(const std::string& path, const std::string& text, unsigned mode = 0644) {
  return {path, 'f', text, mode};
}
inline Member dir(const std::string& path, unsigned mode = 0755) { return {path, 'd', "", mode}; }
inline Member link(const std::string& path, const std::string& target) {
  return {path, 'l', target, 0777};
}
inline Member hard(const std::string& path, const std::string& target) {
  return {path, 'h', target};
}

enum class Packing { plain, gzip, zstd };

inline std::string make_tar(const std::vector<Member>& members, Packing packing = Packing::plain) {
  std::string bytes;
  struct archive* writer = ::archive_write_new();
  ::archive_write_set_format_pax_restricted(writer);
  if (packing == Packing::gzip) ::archive_write_add_filter_gzip(writer);
  if (packing == Packing::zstd) ::archive_write_add_filter_zstd(writer);
  const auto append = [](struct archive*, void* to, const void* data, std::size_t size) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(data), size);
    return static_cast<la_ssize_t>(size);
  };
  ::archive_write_set_bytes_in_last_block(writer, 1);
  ::archive_write_open(writer, &bytes, nullptr, append, nullptr);
  for (const Member& member : members) {
    struct archive_entry* entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, member.path.c_str());
    static const std::map<char, unsigned> types = {{'f', AE_IFREG}, {'d', AE_IFDIR},
                                                   {'l', AE_IFLNK}, {'h', AE_IFREG},
                                                   {'c', AE_IFCHR}, {'p', AE_IFIFO}};
    ::archive_entry_set_filetype(entry, types.at(member.type));
    ::archive_entry_set_perm(entry, static_cast<mode_t>(member.mode));
    ::archive_entry_set_uid(entry, member.uid);
    ::archive_entry_set_mtime(entry, 1600000000, 0);
    if (member.type == 'l') ::archive_entry_set_symlink(entry, member.text.c_str());
    if (member.type == 'h') ::archive_entry_set_hardlink(entry, member.text.c_str());
    if (member.type == 'c') ::archive_entry_set_rdev(entry, makedev(5, 1));
    if (member.type == 'f')
      ::archive_entry_set_size(entry, static_cast<la_int64_t>(member.text.size()));
    for (const auto& [name, value] : member.xattrs)
      ::archive_entry_xattr_add_entry(entry, name.c_str(), value.data(), value.size());
    EXPECT_GE(::archive_write_header(writer, entry), ARCHIVE_WARN)
        << ::archive_error_string(writer);
    if (member.type == 'f') ::archive_write_data(writer, member.text.data(), member.text.size());
    ::archive_entry_free(entry);
  }
  ::archive_write_close(writer);
  ::archive_write_free(writer);
  return bytes;
}

inline const char* layer_type(Packing packing) {
  switch (packing) {
    case Packing::plain:
      return "application/vnd.oci.image.layer.v1.tar";
    case Packing::gzip:
      return "application/vnd.oci.image.layer.v1.tar+gzip";
    case Packing::zstd:
      return "application/vnd.oci.image.layer.v1.tar+zstd";
  }
  return "";
}

/// Puts an image of these layers into the store under `name`.
inline oci::Descriptor add_image(oci::Store& store, const std::string& name,
                                 const std::vector<std::string>& layers,
                                 const nlohmann::json& config = {},
                                 Packing packing = Packing::plain,
                                 const std::string& arch = "amd64") {
  using nlohmann::json;
  const auto as_json = [](const oci::Descriptor& d) {
    return json{{"mediaType", d.media_type}, {"digest", d.digest.str()}, {"size", d.size}};
  };
  json image = {{"architecture", arch},
                {"os", "linux"},
                {"config", config.is_null() ? json{{"Cmd", {"/run"}}} : config},
                {"rootfs", json::object()}};
  json manifest = {
      {"schemaVersion", 2}, {"mediaType", oci::media_type_manifest}, {"layers", json::array()}};
  manifest["config"] = as_json(store.put(image.dump(), "application/vnd.oci.image.config.v1+json"));
  for (const std::string& layer : layers)
    manifest["layers"].push_back(as_json(store.put(layer, layer_type(packing))));
  oci::Descriptor descriptor = store.put(manifest.dump(), oci::media_type_manifest);
  descriptor.platform = oci::Platform{"linux", arch, ""};
  if (!name.empty()) store.tag(name, descriptor);
  return descriptor;
}

inline std::string contents(const Tree& tree, const Spool& spool, const std::string& path) {
  const Inode* inode = tree.find(path);
  if (inode == nullptr) return "(not there)";
  std::string bytes;
  spool.copy_to(inode->data, [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

/// "d755 dir", "l target link", one line an entry.
inline std::string listing(const Tree& tree) {
  std::string lines;
  for (const auto& [path, entry] : tree.entries()) {
    const Inode& inode = tree.inode(entry);
    static const char letters[] = {'f', 'd', 'l', 'c', 'b', 'p'};
    char mode[16];
    std::snprintf(mode, sizeof mode, "%o", inode.mode);
    lines += letters[static_cast<int>(inode.type)];
    lines += inode.type == FileType::symlink ? " " + path + " -> " + inode.target + "\n"
                                             : std::string(mode) + " " + path + "\n";
  }
  return lines;
}

/// Runs a shell command; its standard output. A failing command fails the test.
inline std::string shell(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string output;
  char buffer[4096];
  for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    output.append(buffer, got);
  EXPECT_EQ(0, ::pclose(pipe)) << command;
  return output;
}

/// For tests of writers of file systems: a tree, and the file that it is written to.
class WriterTest : public ::testing::Test {
 protected:
  Inode inode_of(const std::string& text) {
    Inode inode;
    inode.data = spool_.add(text);
    return inode;
  }
  /// What `write` gives to its sink goes into the file; returns what `write` returns.
  template <typename Write>
  auto into_file(Write&& write) {
    const FileDescriptor fd(::open(image_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644));
    return write([&](std::string_view bytes) { write_all(fd.get(), bytes, image_.string()); });
  }

  TemporaryDirectory directory_;
  Spool spool_{directory_.path()};
  Tree tree_;
  std::filesystem::path image_ = directory_.path() / "image";
};

}  // namespace rtfx::image::fixture
