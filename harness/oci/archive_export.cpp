// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/oci/archive.hpp"
#include "harness/oci/archive_docker.hpp"
#include "harness/oci/canonical_tar.hpp"
#include "harness/oci/output_file.hpp"
#include "harness/oci/reference.hpp"
#include "harness/oci/store_files.hpp"
#include "harness/oci/tar_reader.hpp"

namespace rtfx::oci {

namespace {

/// A tar of plain files without times and owners.
class ArchiveFile {
 public:
  ArchiveFile(int fd, const std::string& what)
      : tar_([fd, what](std::string_view bytes) { write_all(fd, bytes, what); }) {}

  void directory(const std::string& path) { header(path + "/", '5', 0755, 0); }
  void start_file(const std::string& path, std::uint64_t size) { header(path, '0', 0644, size); }
  void content(std::string_view bytes) { tar_.content(bytes); }
  void file(const std::string& path, std::string_view bytes) {
    start_file(path, bytes.size());
    content(bytes);
  }
  void finish() { tar_.finish(); }

 private:
  void header(const std::string& path, char type, unsigned mode, std::uint64_t size) {
    TarHeader header;
    header.path = path;
    header.type = type;
    header.mode = mode;
    header.size = size;
    tar_.member(header);
  }
  TarWriter tar_;
};

FileDescriptor open_blob(const Store& store, const Descriptor& descriptor) {
  const fs::path path = store.blob_path(descriptor);
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw system_error("reading " + path.string(), errno);
  return fd;
}

/// The blob's bytes as they are.
void copy_blob(const Store& store, const Descriptor& descriptor, const Sink& sink) {
  const FileDescriptor fd = open_blob(store, descriptor);
  std::vector<char> buffer(1 << 20);
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno != EINTR) throw system_error("reading a blob", errno);
    if (got == 0) return;
    if (got > 0) sink({buffer.data(), static_cast<std::size_t>(got)});
  }
}

/// The layer's tar.
void copy_layer(const Store& store, const Descriptor& layer, const Sink& sink) {
  if (layer.media_type.ends_with(".tar")) return copy_blob(store, layer, sink);
  const FileDescriptor fd = open_blob(store, layer);
  decompress(fd.get(), sink);
}

/// Everything that the descriptor leads to, and itself.
void collect(const Store& store, const Descriptor& descriptor,
             std::map<Digest, Descriptor>& blobs) {
  if (!blobs.emplace(descriptor.digest, descriptor).second) return;
  if (is_index(descriptor)) {
    for (const Descriptor& child : parse_index(store.read(descriptor)).manifests)
      collect(store, child, blobs);
  } else if (is_manifest(descriptor)) {
    const Manifest manifest = parse_manifest(store.read(descriptor));
    collect(store, manifest.config, blobs);
    for (const Descriptor& layer : manifest.layers) collect(store, layer, blobs);
  }
}

std::string repository_tag(const std::string& name) {
  const Reference reference = parse_reference(name);
  return reference.tag.empty() ? "" : reference.name() + ":" + reference.tag;
}

/// A layer of a docker archive, which has its digest and size in front: it is decompressed twice.
void add_docker_layer(const Store& store, const Descriptor& layer, const std::string& diff_id,
                      ArchiveFile& archive) {
  Hasher hasher;
  std::uint64_t size = 0;
  copy_layer(store, layer, [&](std::string_view bytes) {
    hasher.update(bytes);
    size += bytes.size();
  });
  if (const Digest digest = hasher.finish(); digest.str() != diff_id)
    throw Error("layer " + layer.digest.str() + " has the contents " + digest.str() +
                ", but the configuration says " + diff_id);
  archive.start_file(Digest::parse(diff_id).hex() + ".tar", size);
  copy_layer(store, layer, [&](std::string_view bytes) { archive.content(bytes); });
}

/// An image with what a docker archive says of it.
struct SavedImage {
  Manifest manifest;
  std::string config;
  std::vector<std::string> diff_ids;
};

SavedImage read_docker_image(const Store& store, const Descriptor& descriptor) {
  if (!is_manifest(descriptor))
    throw Error("a docker archive is made of one image, and " + descriptor.digest.str() + " is " +
                descriptor.media_type);
  SavedImage image{parse_manifest(store.read(descriptor)), "", {}};
  image.config = store.read(image.manifest.config);
  image.diff_ids = diff_ids_of(image.config);
  if (image.diff_ids.size() != image.manifest.layers.size())
    throw Error("image " + descriptor.digest.str() + " has " +
                std::to_string(image.manifest.layers.size()) +
                " layers, but its configuration tells of " + std::to_string(image.diff_ids.size()));
  return image;
}

/// What manifest.json says of an image.
nlohmann::ordered_json list_entry(const SavedImage& image, const std::string& name) {
  const std::string tag = name.empty() ? "" : repository_tag(name);
  nlohmann::ordered_json entry;
  entry["Config"] = image.manifest.config.digest.hex() + ".json";
  entry["RepoTags"] = nlohmann::ordered_json::array();
  if (!tag.empty()) entry["RepoTags"].push_back(tag);
  entry["Layers"] = nlohmann::ordered_json::array();
  for (const std::string& diff_id : image.diff_ids)
    entry["Layers"].push_back(Digest::parse(diff_id).hex() + ".tar");
  return entry;
}

}  // namespace

void export_oci_archive(const Store& store, const Descriptor& descriptor, const std::string& name,
                        int fd, const std::string& what) {
  std::map<Digest, Descriptor> blobs;
  collect(store, descriptor, blobs);
  Index index;
  index.manifests.push_back(descriptor);
  index.manifests.front().annotations = {{std::string(ref_name), name},
                                         {std::string(containerd_name), expand_reference(name)}};
  ArchiveFile archive(fd, what);
  archive.file("oci-layout", layout_text);
  archive.file("index.json", format_index(index));
  archive.directory("blobs");
  archive.directory("blobs/sha256");
  for (const auto& [digest, blob] : blobs) {
    archive.start_file("blobs/sha256/" + digest.hex(), blob.size);
    copy_blob(store, blob, [&](std::string_view bytes) { archive.content(bytes); });
  }
  archive.finish();
}

void export_docker_archive(const Store& store, const std::vector<NamedImage>& images, int fd,
                           const std::string& what) {
  std::vector<SavedImage> read;
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const NamedImage& image : images) {
    read.push_back(read_docker_image(store, image.manifest));
    list.push_back(list_entry(read.back(), image.name));
  }
  ArchiveFile archive(fd, what);
  archive.file("manifest.json", list.dump());
  std::set<std::string> written;
  for (const SavedImage& image : read) {
    const std::string name = image.manifest.config.digest.hex() + ".json";
    if (written.insert(name).second) archive.file(name, image.config);
    for (std::size_t i = 0; i < image.diff_ids.size(); ++i) {
      if (written.insert(image.diff_ids[i]).second)
        add_docker_layer(store, image.manifest.layers[i], image.diff_ids[i], archive);
    }
  }
  archive.finish();
}

void export_docker_archive(const Store& store, const Descriptor& manifest, const std::string& name,
                           int fd, const std::string& what) {
  export_docker_archive(store, {NamedImage{name, manifest}}, fd, what);
}

void export_docker_archive(const Store& store, const std::vector<NamedImage>& images,
                           const fs::path& file) {
  OutputFile output(file);
  export_docker_archive(store, images, output.fd(), file.string());
  output.commit();
}

void export_docker_archive(const Store& store, const Descriptor& manifest, const std::string& name,
                           const fs::path& file) {
  OutputFile output(file);
  export_docker_archive(store, manifest, name, output.fd(), file.string());
  output.commit();
}

}  // namespace rtfx::oci
