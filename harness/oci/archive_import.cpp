// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/oci/archive.hpp"
#include "harness/oci/archive_docker.hpp"
#include "harness/oci/archive_names.hpp"
#include "harness/oci/index_merge.hpp"
#include "harness/oci/store_files.hpp"
#include "harness/oci/store_writer.hpp"
#include "harness/oci/tar_reader.hpp"

namespace rtfx::oci {

namespace {

/// What waits in memory until it is known what it is; other members become blobs at once.
constexpr std::uint64_t small_member = 1 << 20;
constexpr std::uint64_t most_in_memory = 64 << 20;

/// The lists of images are wanted in memory, though that of a large store is not small.
bool waits_in_memory(const std::string& path, std::uint64_t size) {
  return size <= small_member || path == "index.json" || path == "manifest.json";
}

/// The digest that a member of an OCI layout has by its name.
std::optional<Digest> digest_of_name(const std::string& path) {
  constexpr std::string_view folder = "blobs/sha256/";
  if (!path.starts_with(folder)) return std::nullopt;
  return Digest::parse("sha256:" + path.substr(folder.size()));
}

/// The members of an archive, of whichever kind: blobs go into the store as they come.
class Members {
 public:
  Members(Store& store, TarReader& reader) : store_(store), reader_(reader) {
    TarMember member;
    while (reader_.next(member)) add(member);
    reader_.drain();
  }

  /// The bytes of index.json and the like; nullptr when there is no such member.
  const std::string* text(const std::string& name) const {
    const auto it = members_.texts.find(name);
    return it == members_.texts.end() ? nullptr : &it->second;
  }
  const DockerMembers& docker() const { return members_; }

 private:
  void add(const TarMember& member) {
    const std::string path = member_name(member.path);
    if (member.type == 'l')
      members_.links[path] = member_name((fs::path(path).parent_path() / member.target).string());
    else if (member.type == 'h')
      members_.links[path] = member_name(member.target);
    else if (member.type == 'f')
      add_file(path, member.size);
  }

  void add_file(const std::string& path, std::uint64_t size) {
    if (const auto digest = digest_of_name(path)) {
      members_.blobs.insert_or_assign(path, add_blob({*digest, size}));
    } else if (waits_in_memory(path, size) && in_memory_ + size <= most_in_memory) {
      std::string& text = members_.texts[path];
      text.clear();
      reader_.read([&](std::string_view bytes) { text += bytes; });
      in_memory_ += size;
    } else {
      members_.blobs.insert_or_assign(path, add_blob({std::nullopt, size}));
    }
  }

  Descriptor add_blob(const Expected& expected) {
    if (expected.digest) {
      const fs::path file = blob_file(store_.directory(), *expected.digest);
      if (state_of(file, *expected.digest, expected.size) == BlobState::good)
        return {"", *expected.digest, *expected.size, std::nullopt, {}};
    }
    BlobWriter writer(store_, expected);
    reader_.read([&](std::string_view bytes) { writer.write(bytes); });
    return writer.finish("");
  }

  Store& store_;
  TarReader& reader_;
  DockerMembers members_;
  std::uint64_t in_memory_ = 0;
};

/// The RepoTags of the images of a newer docker archive, by the digest of their configuration.
std::map<std::string, std::vector<std::string>> tags_by_config(const std::string* manifest_json) {
  std::map<std::string, std::vector<std::string>> tags;
  if (manifest_json == nullptr) return tags;
  for (const DockerImage& image : parse_docker_manifest(*manifest_json)) {
    const auto digest = digest_of_name(member_name(image.config));
    if (!digest) continue;
    for (const std::string& tag : image.tags) tags[digest->str()].push_back(short_name(tag));
  }
  return tags;
}

/// The index without the images whose manifests are not there: what `docker save` writes of an image for several
/// platforms of which this docker has some.
Descriptor without_absent(Store& store, const Descriptor& descriptor) {
  Index index = parse_index(store.read(descriptor));
  const std::size_t all = index.manifests.size();
  std::erase_if(index.manifests, [&](const Descriptor& child) { return !store.has(child.digest); });
  if (index.manifests.empty() || index.manifests.size() == all) return descriptor;
  return store.put(format_index(merged(std::move(index), {})), media_type_index);
}

/// The images that an index.json lists; their blobs are in `source`.
std::vector<FoundImage> images_of_index(const Store& source, const std::string& index_json,
                                        const std::string* manifest_json) {
  const Index index = in_context("index.json", [&] { return parse_index(index_json); });
  const auto tags = tags_by_config(manifest_json);
  std::vector<FoundImage> images;
  for (const Descriptor& entry : index.manifests) {
    FoundImage image{corrected(source, entry), names_by_annotation(entry)};
    if (image.names.empty() && is_manifest(image.descriptor)) {
      const Digest config = parse_manifest(source.read(image.descriptor)).config.digest;
      if (const auto it = tags.find(config.str()); it != tags.end()) image.names = it->second;
    }
    images.push_back(std::move(image));
  }
  return images;
}

void check_layout_text(const std::string* text) {
  if (text == nullptr || text->find("\"imageLayoutVersion\"") != std::string::npos) return;
  throw Error("its oci-layout is not that of an OCI image layout");
}

std::vector<FoundImage> images_of(Store& store, const Members& members) {
  const std::string* manifest_json = members.text("manifest.json");
  if (const std::string* index_json = members.text("index.json")) {
    check_layout_text(members.text("oci-layout"));
    std::vector<FoundImage> images = images_of_index(store, *index_json, manifest_json);
    for (FoundImage& image : images) {
      if (manifest_json != nullptr && is_index(image.descriptor))
        image.descriptor = without_absent(store, image.descriptor);
    }
    return images;
  }
  if (manifest_json == nullptr)
    throw Error("has neither index.json nor manifest.json, so it is no archive of images",
                ExitCode::usage);
  std::vector<FoundImage> images;
  for (const DockerImage& image : parse_docker_manifest(*manifest_json)) {
    FoundImage found{convert_docker_image(store, members.docker(), image), {}};
    for (const std::string& tag : image.tags) found.names.push_back(short_name(tag));
    images.push_back(std::move(found));
  }
  return images;
}

std::vector<ImportedImage> import_directory(Store& store, const fs::path& directory,
                                            const std::string& name) {
  std::error_code error;
  if (!fs::exists(directory / "index.json", error) || !fs::exists(directory / "oci-layout", error))
    throw Error("is a directory, but no OCI image layout: it has no oci-layout or no index.json",
                ExitCode::usage);
  check_layout(directory);
  const Store source(directory);
  if (fs::equivalent(directory, store.directory(), error))
    throw Error("is the content store itself", ExitCode::usage);
  std::optional<std::string> manifest_json;
  if (fs::exists(directory / "manifest.json", error))
    manifest_json = read_file(directory / "manifest.json");
  std::vector<FoundImage> images = images_of_index(source, read_file(directory / "index.json"),
                                                   manifest_json ? &*manifest_json : nullptr);
  for (const FoundImage& image : images) store.copy_from(source, image.descriptor);
  return give_names(store, std::move(images), name);
}

}  // namespace

std::vector<ImportedImage> import_archive(Store& store, int fd, const std::string& what,
                                          const std::string& name, std::stop_token stop) {
  return in_context(what, [&] {
    store.start_writing();
    TarReader reader(fd, std::move(stop));
    const Members members(store, reader);
    return give_names(store, images_of(store, members), name);
  });
}

std::vector<ImportedImage> import_path(Store& store, const fs::path& path, const std::string& name,
                                       std::stop_token stop) {
  std::error_code error;
  if (fs::is_directory(path, error))
    return in_context(path.string(), [&] { return import_directory(store, path, name); });
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw Error(path.string() + ": " + std::strerror(errno), ExitCode::usage);
  return import_archive(store, fd.get(), path.string(), name, std::move(stop));
}

}  // namespace rtfx::oci
