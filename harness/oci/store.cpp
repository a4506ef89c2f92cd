// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/store.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/oci/index_merge.hpp"

namespace rtfx::oci {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view ref_name = "org.opencontainers.image.ref.name";
constexpr std::string_view layout_text = R"({"imageLayoutVersion":"1.0.0"})";

bool is_index(const Descriptor& descriptor) {
  return descriptor.media_type == media_type_index ||
         descriptor.media_type == "application/vnd.docker.distribution.manifest.list.v2+json";
}

bool is_manifest(const Descriptor& descriptor) {
  return descriptor.media_type == media_type_manifest ||
         descriptor.media_type == "application/vnd.docker.distribution.manifest.v2+json";
}

fs::path blob_file(const fs::path& directory, const Digest& digest) {
  return directory / "blobs" / "sha256" / digest.hex();
}

/// Files whose bytes this process has found to be right. The key changes when a file is replaced or
/// written to.
class VerifiedFiles {
 public:
  static VerifiedFiles& instance() {
    static VerifiedFiles files;
    return files;
  }
  bool contains(const Digest& digest, const struct stat& status) {
    const std::lock_guard lock(mutex_);
    return known_.contains(key(digest, status));
  }
  void insert(const Digest& digest, const struct stat& status) {
    const std::lock_guard lock(mutex_);
    known_.insert(key(digest, status));
  }

 private:
  using Key = std::tuple<std::string, dev_t, ino_t, off_t, std::int64_t, std::int64_t>;
  static Key key(const Digest& digest, const struct stat& status) {
    return {digest.str(),   status.st_dev,         status.st_ino,
            status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  }
  std::mutex mutex_;
  std::set<Key> known_;
};

/// Whether the file is there, has the size (if it is known) and the digest.
enum class BlobState { good, missing, corrupt };

BlobState state_of(const fs::path& file, const Digest& digest, std::optional<std::uint64_t> size) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return BlobState::missing;
  if (!S_ISREG(status.st_mode)) return BlobState::corrupt;
  if (size && static_cast<std::uint64_t>(status.st_size) != *size) return BlobState::corrupt;
  if (VerifiedFiles::instance().contains(digest, status)) return BlobState::good;
  if (Digest::of_file(file) != digest) return BlobState::corrupt;
  VerifiedFiles::instance().insert(digest, status);
  return BlobState::good;
}

Error missing(const Digest& digest, const fs::path& file) {
  return Error("blob " + digest.str() + " is missing: " + file.string() + " is not there");
}
Error corrupt(const Digest& digest, const fs::path& file) {
  return Error("blob " + digest.str() + " is corrupt: " + file.string() +
               " has other bytes; remove it, then build or pull again");
}

void require_good(const fs::path& file, const Descriptor& descriptor) {
  switch (state_of(file, descriptor.digest, descriptor.size)) {
    case BlobState::good:
      return;
    case BlobState::missing:
      throw missing(descriptor.digest, file);
    case BlobState::corrupt:
      throw corrupt(descriptor.digest, file);
  }
}

/// The same file system: a second name for the same bytes; another one: a copy. Replaces `to` in
/// one step.
void link_or_copy(const fs::path& from, const fs::path& to) {
  static std::atomic<unsigned> serial{0};
  fs::path temporary = to;
  temporary += ".tmp." + std::to_string(::getpid()) + "." + std::to_string(serial++);
  try {
    if (::link(from.c_str(), temporary.c_str()) != 0) fs::copy_file(from, temporary);
    fs::rename(temporary, to);
    // Renaming one name of a file over another one of its names does nothing.
    ::unlink(temporary.c_str());
  } catch (const fs::filesystem_error& error) {
    ::unlink(temporary.c_str());
    throw Error("copying " + from.string() + " to " + to.string() + ": " + error.code().message());
  }
}

Index read_names(const fs::path& directory) {
  const fs::path file = directory / "index.json";
  return in_context(file.string(), [&] { return parse_index(read_file(file)); });
}

std::string name_of(const Descriptor& descriptor) {
  const auto it = descriptor.annotations.find(std::string(ref_name));
  return it == descriptor.annotations.end() ? "" : it->second;
}

void check_layout(const fs::path& directory) {
  const fs::path file = directory / "oci-layout";
  const std::string text = read_file(file);
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("imageLayoutVersion"))
    throw Error(file.string() + " is not that of an OCI image layout");
  if (json["imageLayoutVersion"] != "1.0.0")
    throw Error(file.string() + ": unknown version of the OCI image layout");
}

/// Reads index.json, changes it and replaces it, all under the lock. Nothing is written when
/// nothing changes.
template <typename Change>
void change_names(const fs::path& directory, Change&& change) {
  const FileLock lock(directory / ".lock");
  Index index = read_names(directory);
  const std::string before = format_index(index);
  change(index);
  const std::string after = format_index(index);
  if (after != before) write_file_atomically(directory / "index.json", after);
}

void set_name(Index& index, const std::string& name, Descriptor descriptor) {
  if (name.empty()) throw Error("an image needs a name");
  std::erase_if(index.manifests, [&](const Descriptor& other) { return name_of(other) == name; });
  descriptor.annotations[std::string(ref_name)] = name;
  index.manifests.push_back(std::move(descriptor));
}

}  // namespace

Store::Store(const fs::path& directory) : directory_(fs::absolute(directory).lexically_normal()) {
  std::error_code error;
  if (fs::exists(directory_ / "oci-layout", error)) {
    check_layout(directory_);
    // A process that was killed while it made the layout may have left it without these.
    fs::create_directories(directory_ / "blobs" / "sha256", error);
    if (fs::exists(directory_ / "index.json", error)) return;
  } else if (fs::exists(directory_, error) && !fs::is_empty(directory_, error) &&
             !fs::exists(directory_ / ".lock", error)) {
    throw Error(directory_.string() +
                " is neither empty nor an OCI image layout (it has no oci-layout file)");
  }
  // The lock is the first thing in the directory: whoever finds others finds it too, and knows that they are ours.
  fs::create_directories(directory_, error);
  const FileLock lock(directory_ / ".lock");
  if (!error) fs::create_directories(directory_ / "blobs" / "sha256", error);
  if (error)
    throw Error("making the OCI image layout " + directory_.string() + ": " + error.message());
  if (!fs::exists(directory_ / "index.json", error))
    write_file_atomically(directory_ / "index.json", format_index({}));
  if (!fs::exists(directory_ / "oci-layout", error))
    write_file_atomically(directory_ / "oci-layout", layout_text);
}

Descriptor Store::put(std::string_view bytes, std::string_view media_type) {
  Descriptor descriptor{std::string(media_type), Digest::of(bytes), bytes.size(), std::nullopt, {}};
  const fs::path file = blob_file(directory_, descriptor.digest);
  // What is there but damaged is replaced.
  if (state_of(file, descriptor.digest, descriptor.size) != BlobState::good)
    write_file_atomically(file, bytes);
  return descriptor;
}

bool Store::has(const Digest& digest) const {
  std::error_code error;
  return fs::is_regular_file(blob_file(directory_, digest), error);
}

std::string Store::read(const Descriptor& descriptor) const {
  const fs::path file = blob_file(directory_, descriptor.digest);
  std::error_code error;
  if (!fs::exists(file, error)) throw missing(descriptor.digest, file);
  std::string bytes = read_file(file);
  if (bytes.size() != descriptor.size || Digest::of(bytes) != descriptor.digest)
    throw corrupt(descriptor.digest, file);
  return bytes;
}

fs::path Store::blob_path(const Descriptor& descriptor) const {
  fs::path file = blob_file(directory_, descriptor.digest);
  require_good(file, descriptor);
  return file;
}

void Store::tag(const std::string& name, const Descriptor& descriptor) {
  tag_all({{name, descriptor}});
}

void Store::tag_all(const std::map<std::string, Descriptor>& names) {
  change_names(directory_, [&](Index& index) {
    for (const auto& [name, descriptor] : names) set_name(index, name, descriptor);
  });
}

Descriptor Store::add_to_index(const std::string& name, const Descriptor& manifest) {
  return add_to_index(name, std::vector{manifest});
}

Descriptor Store::add_to_index(const std::string& name, const std::vector<Descriptor>& ours) {
  std::vector<Descriptor> entries = ours;
  for (Descriptor& entry : entries) {
    if (!entry.platform) throw Error("an index needs the platform of " + entry.digest.str());
    entry.annotations.erase(std::string(ref_name));
  }
  std::optional<Descriptor> result;
  change_names(directory_, [&](Index& names) {
    Index images;
    for (const Descriptor& holder : names.manifests) {
      if (name_of(holder) == name && is_index(holder)) images = parse_index(read(holder));
    }
    result = put(format_index(merged(std::move(images), entries)), media_type_index);
    set_name(names, name, *result);
  });
  return *result;
}

void Store::untag(const std::string& name) {
  change_names(directory_, [&](Index& index) {
    std::erase_if(index.manifests,
                  [&](const Descriptor& descriptor) { return name_of(descriptor) == name; });
  });
}

std::optional<Descriptor> Store::resolve(const std::string& name) const {
  const auto all = names();
  const auto it = all.find(name);
  return it == all.end() ? std::nullopt : std::optional(it->second);
}

std::map<std::string, Descriptor> Store::names() const {
  std::map<std::string, Descriptor> result;
  for (Descriptor& descriptor : read_names(directory_).manifests) {
    const std::string name = name_of(descriptor);
    descriptor.annotations.erase(std::string(ref_name));
    if (!name.empty()) result.emplace(name, std::move(descriptor));
  }
  return result;
}

std::optional<Descriptor> Store::for_arch(const Descriptor& descriptor,
                                          const std::string& architecture) const {
  if (is_index(descriptor)) {
    for (const Descriptor& child : parse_index(read(descriptor)).manifests) {
      const bool other = child.platform && (child.platform->architecture != architecture ||
                                            child.platform->os != "linux");
      if (other || !(is_index(child) || is_manifest(child))) continue;
      auto found = for_arch(child, architecture);
      if (found) return found;
      if (child.platform && is_manifest(child))
        throw Error("index " + descriptor.digest.str() + " lists " + child.digest.str() + " for " +
                    architecture + ", but that image is of another architecture");
    }
    return std::nullopt;
  }
  if (!is_manifest(descriptor))
    throw Error(descriptor.digest.str() + " is not an image: " + descriptor.media_type);
  const ImageConfig config = parse_image_config(read(parse_manifest(read(descriptor)).config));
  if (config.architecture != architecture || config.os != "linux") return std::nullopt;
  Descriptor found = descriptor;
  if (!found.platform) found.platform = Platform{config.os, config.architecture, ""};
  return found;
}

void Store::copy_from(const Store& other, const Descriptor& descriptor) {
  // Children first: what names them is there only when they are.
  if (is_index(descriptor)) {
    for (const Descriptor& child : parse_index(other.read(descriptor)).manifests)
      copy_from(other, child);
  } else if (is_manifest(descriptor)) {
    const Manifest manifest = parse_manifest(other.read(descriptor));
    copy_from(other, manifest.config);
    for (const Descriptor& layer : manifest.layers) copy_from(other, layer);
  }
  const fs::path to = blob_file(directory_, descriptor.digest);
  if (state_of(to, descriptor.digest, descriptor.size) == BlobState::good) return;
  link_or_copy(other.blob_path(descriptor), to);
  require_good(to, descriptor);
}

Descriptor Store::import_layout(const fs::path& layout, const std::string& name_in_layout) {
  check_layout(layout);
  const Store source(layout);
  std::vector<Descriptor> found = read_names(source.directory()).manifests;
  if (!name_in_layout.empty())
    std::erase_if(
        found, [&](const Descriptor& descriptor) { return name_of(descriptor) != name_in_layout; });
  if (found.size() != 1) {
    throw Error(layout.string() + " has " +
                (found.empty() ? "no image" : std::to_string(found.size()) + " images") +
                (name_in_layout.empty() ? "" : " named " + name_in_layout) + "; one is wanted");
  }
  Descriptor descriptor = found.front();
  descriptor.annotations.erase(std::string(ref_name));
  copy_from(source, descriptor);
  if (is_manifest(descriptor) && !descriptor.platform) {
    const ImageConfig config = parse_image_config(read(parse_manifest(read(descriptor)).config));
    descriptor.platform = Platform{config.os, config.architecture, ""};
  }
  return descriptor;
}

bool Store::complete(const Descriptor& descriptor) const {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(blob_file(directory_, descriptor.digest), error);
  if (error || size != descriptor.size) return false;
  if (is_index(descriptor)) {
    const Index index = parse_index(read(descriptor));
    return std::all_of(index.manifests.begin(), index.manifests.end(),
                       [&](const Descriptor& d) { return complete(d); });
  }
  if (is_manifest(descriptor)) {
    const Manifest manifest = parse_manifest(read(descriptor));
    return complete(manifest.config) &&
           std::all_of(manifest.layers.begin(), manifest.layers.end(),
                       [&](const Descriptor& d) { return complete(d); });
  }
  return true;
}

}  // namespace rtfx::oci
