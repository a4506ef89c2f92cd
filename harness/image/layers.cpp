// SPDX-License-Identifier: Apache-2.0
#include "harness/image/layers.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <unordered_map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/image/archive.hpp"
#include "harness/image/listing.hpp"

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

/// Where the contents of an archive's members go that are still wanted.
class Places {
 public:
  Places(const std::vector<Placement>& all, std::uint32_t layer) {
    for (const Placement& placement : all) {
      if (placement.member.layer == layer) wanted_.emplace(placement.member.number, &placement);
    }
  }
  bool empty() const { return wanted_.empty(); }
  std::optional<Extent> place(std::uint32_t number, std::uint64_t size) const {
    const auto found = wanted_.find(number);
    if (found == wanted_.end() || found->second->extent.size != size) return std::nullopt;
    return found->second->extent;
  }
  void check(const ArchiveMember& member) {
    const auto found = wanted_.find(member.number);
    if (found == wanted_.end()) return;
    if (member.digest != found->second->digest)
      throw Error("\"/" + text::printable(member.path) + "\" is not what it was");
    wanted_.erase(found);
  }
  void check_complete() const {
    if (!wanted_.empty()) throw Error("files are missing that were there before");
  }

 private:
  std::unordered_map<std::uint32_t, const Placement*> wanted_;
};

/// Brings the contents of an archive to their places in the spool.
void load_members(const ReadAt& input, Spool& spool, std::stop_token stop, Places& places) {
  const Place place = [&](std::uint32_t number, std::uint64_t size) {
    return places.place(number, size);
  };
  read_tar(input, spool, place, stop, [&](const ArchiveMember& member) { places.check(member); });
  places.check_complete();
}

/// Calls `each` with the number of every layer and a function that reads it.
void for_each_layer(
    const oci::Store& store, const oci::Descriptor& manifest,
    const std::function<void(std::uint32_t, const std::function<ReadAt()>&)>& each) {
  std::uint32_t number = 0;
  for (const oci::Descriptor& layer : oci::parse_manifest(store.read(manifest)).layers) {
    in_context("layer " + layer.digest.str(), [&] {
      if (!is_layer(layer.media_type))
        throw Error("the media type \"" + layer.media_type + "\" is not supported");
      FileDescriptor fd;
      each(number++, [&]() -> ReadAt {
        const std::filesystem::path path = store.blob_path(layer);
        fd = FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd) throw system_error("reading " + path.string(), errno);
        return reader_of(fd, path);
      });
    });
  }
}

Tree read_layers(const oci::Store& store, const oci::Descriptor& manifest, Spool& spool,
                 std::stop_token stop, Members& members) {
  Tree tree;
  tree.add_origin({});
  for_each_layer(store, manifest, [&](std::uint32_t layer, const auto& open) {
    read_tar(open(), spool, stop, [&](ArchiveMember member) {
      if (member.digest) members[member.inode.data.offset] = {layer, member.number};
      apply(tree, std::move(member), static_cast<int>(layer));
    });
  });
  return tree;
}

Tree apply_members(const ReadAt& input, Spool& spool, std::stop_token stop, Members& members) {
  Tree tree;
  tree.add_origin({});
  read_tar(input, spool, stop, [&](ArchiveMember member) {
    if (member.digest) members[member.inode.data.offset] = {0, member.number};
    if (member.hard_link) {
      tree.link(member.path, *member.hard_link);
    } else {
      tree.put(member.path, std::move(member.inode));
    }
  });
  return tree;
}

using Load = std::function<void(const std::vector<Placement>&)>;

/// The tree that is kept under `key`, or what `read` makes, which is kept.
Tree listed(const std::string& key, Spool& spool, const Load& load,
            const std::function<Tree(Members&)>& read) {
  Members members;
  if (spool.cache() == nullptr) return read(members);
  const KeptFiles& listings = spool.cache()->listings;
  const Digest digest = Digest::of(program_digest() + key);
  if (const auto kept = listings.find(digest)) return parse_listing(read_kept(*kept), spool, load);
  spool.mark_read();
  Tree tree = read(members);
  if (const std::string listing = format_listing(tree, members, spool); !listing.empty())
    listings.keep_bytes(listing, digest);
  return tree;
}

Tree members_of(const Extent& tar, Spool& spool) {
  const ReadAt input = [&spool, tar](std::uint64_t offset, char* buffer, std::size_t size) {
    return spool.read_at(tar, offset, buffer, size);
  };
  const auto read = [&](Members& members) { return apply_members(input, spool, {}, members); };
  const auto digest = spool.known_digest(tar);
  Members unused;
  if (!digest) return read(unused);
  const Load load = [&spool, input](const std::vector<Placement>& wanted) {
    Places places(wanted, 0);
    load_members(input, spool, {}, places);
  };
  return listed("members of " + std::string(digest->begin(), digest->end()), spool, load, read);
}

}  // namespace

Tree flatten(const oci::Store& store, const oci::Descriptor& manifest, Spool& spool,
             std::stop_token stop) {
  const Load load = [=, &spool](const std::vector<Placement>& wanted) {
    in_context("image " + manifest.digest.str(), [&] {
      for_each_layer(store, manifest, [&](std::uint32_t layer, const auto& open) {
        Places places(wanted, layer);
        if (!places.empty()) load_members(open(), spool, stop, places);
      });
    });
  };
  return listed("layers of " + manifest.digest.str(), spool, load, [&](Members& members) {
    return read_layers(store, manifest, spool, stop, members);
  });
}

Tree read_members(const Extent& tar, Spool& spool) {
  if (const auto members = spool.members(tar)) return *members;
  return members_of(tar, spool);
}

void read_members_ahead(const Tree& tree, const std::string& path, Spool& spool) {
  try {
    const Inode* tar = tree.find(tree.resolve_parents(normalise_path(path)));
    if (tar != nullptr && tar->type == FileType::regular)
      spool.set_members(tar->data, std::make_shared<const Tree>(members_of(tar->data, spool)));
  } catch (const Error&) {
    return;  // whoever needs them meets the same error, and knows more about it
  }
}

}  // namespace rtfx::image
