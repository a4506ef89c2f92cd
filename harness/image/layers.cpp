// SPDX-License-Identifier: Apache-2.0
#include "harness/image/layers.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.hpp"
#include "harness/image/archive.hpp"

namespace rtfx::image {

namespace {

constexpr std::string_view whiteout_prefix = ".wh.";
constexpr std::string_view opaque_marker = ".wh..wh..opq";

bool is_layer(const std::string& media_type) {
  static constexpr std::array<std::string_view, 5> known = {
      "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip",
      "application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.docker.image.rootfs.diff.tar",
      "application/vnd.docker.image.rootfs.diff.tar.gzip"};
  return std::find(known.begin(), known.end(), media_type) != known.end();
}

void apply(Tree& tree, ArchiveMember member, int layer) {
  const std::string_view name = base_of(member.path);
  if (!name.starts_with(whiteout_prefix)) {
    if (member.hard_link) {
      tree.link(member.path, *member.hard_link, layer);
    } else {
      tree.put(member.path, std::move(member.inode), layer);
    }
    return;
  }
  const std::string_view directory = parent_of(member.path);
  if (name == opaque_marker) {
    tree.clear(directory, layer);
    return;
  }
  const std::string_view hidden = name.substr(whiteout_prefix.size());
  // Other names of this form are bookkeeping of aufs; ".wh..." would hide "..".
  if (hidden.empty() || hidden.starts_with(whiteout_prefix) || hidden == "." || hidden == "..")
    return;
  tree.whiteout(join_path(directory, hidden), layer);
}

ReadAt reader_of(const FileDescriptor& fd, const std::filesystem::path& path) {
  return [&fd, path](std::uint64_t offset, char* buffer, std::size_t size) {
    for (;;) {
      const ssize_t got = ::pread(fd.get(), buffer, size, static_cast<off_t>(offset));
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) throw system_error("reading " + path.string(), errno);
    }
  };
}

}  // namespace

Tree flatten(const oci::Store& store, const oci::Descriptor& manifest, Spool& spool,
             std::stop_token stop) {
  Tree tree;
  tree.add_origin({});
  int number = 0;
  for (const oci::Descriptor& layer : oci::parse_manifest(store.read(manifest)).layers) {
    in_context("layer " + layer.digest.str(), [&] {
      if (!is_layer(layer.media_type))
        throw Error("the media type \"" + layer.media_type + "\" is not supported");
      const std::filesystem::path path = store.blob_path(layer);
      const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
      if (!fd) throw system_error("reading " + path.string(), errno);
      read_tar(reader_of(fd, path), spool, stop,
               [&](ArchiveMember member) { apply(tree, std::move(member), number); });
    });
    ++number;
  }
  return tree;
}

}  // namespace rtfx::image
