// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <utility>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/oci/index_merge.hpp"
#include "harness/oci/store_files.hpp"
#include "harness/oci/store_writer.hpp"

namespace rtfx::oci {

namespace {

void set_name(Index& index, const std::string& name, Descriptor descriptor) {
  if (name.empty()) throw Error("an image needs a name");
  std::erase_if(index.manifests,
                [&](const Descriptor& other) { return annotation(other, ref_name) == name; });
  descriptor.annotations[std::string(ref_name)] = name;
  index.manifests.push_back(std::move(descriptor));
}

Error ambiguous(const fs::path& directory, const std::string& name, const Descriptor& a,
                const Descriptor& b) {
  return Error((directory / "index.json").string() + " has the name " + name + " twice, for " +
               a.digest.str() + " and " + b.digest.str() + "; rtfx cache rm " + name +
               " takes it from both");
}

/// The blob of another store: a second name for its file where that can be had, else a copy.
void copy_blob(const fs::path& from, const Descriptor& descriptor, Store& to) {
  const fs::path file = blob_file(to.directory(), descriptor.digest);
  const fs::path temporary = temporary_name(file);
  if (::link(from.c_str(), temporary.c_str()) == 0) {
    const int result = ::rename(temporary.c_str(), file.c_str());
    const int error_number = errno;
    // Renaming one name of a file over another one of its names does nothing.
    ::unlink(temporary.c_str());
    if (result != 0) throw write_error("writing " + file.string(), error_number);
    require_good(file, descriptor);
    return;
  }
  const FileDescriptor input(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!input) throw system_error("reading " + from.string(), errno);
  BlobWriter writer(to, {descriptor.digest, descriptor.size});
  std::vector<char> buffer(1 << 20);
  for (;;) {
    const ssize_t got = ::read(input.get(), buffer.data(), buffer.size());
    if (got < 0 && errno != EINTR) throw system_error("reading " + from.string(), errno);
    if (got == 0) break;
    if (got > 0) writer.write({buffer.data(), static_cast<std::size_t>(got)});
  }
  writer.finish(descriptor.media_type);
}

bool has_blobs(const fs::path& directory) {
  std::error_code error;
  const fs::directory_iterator blobs(directory / "blobs" / "sha256", error);
  return !error && blobs != fs::directory_iterator();
}

}  // namespace

struct Store::Writing {
  std::mutex mutex;
  std::optional<FileDescriptor> lock;
};

Store::Store(const fs::path& directory)
    : directory_(fs::absolute(directory).lexically_normal()),
      writing_(std::make_shared<Writing>()) {
  std::error_code error;
  if (fs::exists(directory_ / "oci-layout", error)) {
    check_layout(directory_);
    // A process that was killed while it made the layout may have left it without these.
    fs::create_directories(directory_ / "blobs" / "sha256", error);
    if (fs::exists(directory_ / "index.json", error)) return;
    if (has_blobs(directory_))
      throw Error((directory_ / "index.json").string() +
                  " is missing, and with it the names of the images; remove the whole of " +
                  directory_.string() + " and build, pull or import again");
  } else if (fs::exists(directory_, error) && !fs::is_empty(directory_, error) &&
             !fs::exists(directory_ / ".lock", error)) {
    throw Error(directory_.string() +
                " is neither empty nor an OCI image layout (it has no oci-layout file)");
  }
  // The lock is the first thing in the directory: whoever finds others finds it too, and knows that they are ours.
  fs::create_directories(directory_, error);
  if (error) throw write_error("making the OCI image layout " + directory_.string(), error.value());
  const FileLock lock(directory_ / ".lock");
  fs::create_directories(directory_ / "blobs" / "sha256", error);
  if (error) throw write_error("making the OCI image layout " + directory_.string(), error.value());
  if (!fs::exists(directory_ / "index.json", error))
    replace_file(directory_ / "index.json", format_index({}), true);
  if (!fs::exists(directory_ / "oci-layout", error))
    replace_file(directory_ / "oci-layout", layout_text, true);
}

void Store::start_writing() {
  const std::lock_guard guard(writing_->mutex);
  if (!writing_->lock) writing_->lock = lock_writers(directory_, false, true);
}

void Store::stop_writing() {
  const std::lock_guard guard(writing_->mutex);
  writing_->lock.reset();
}

Descriptor Store::put(std::string_view bytes, std::string_view media_type) {
  Descriptor descriptor{std::string(media_type), Digest::of(bytes), bytes.size(), std::nullopt, {}};
  const fs::path file = blob_file(directory_, descriptor.digest);
  start_writing();
  // What is there but damaged is replaced. Whoever finds a blob verifies it, so its bytes need not
  // be on the disk before something refers to it.
  if (state_of(file, descriptor.digest, descriptor.size) != BlobState::good) {
    replace_file(file, bytes, false);
    remember_good(file, descriptor.digest);
  }
  return descriptor;
}

bool Store::has(const Digest& digest) const {
  std::error_code error;
  return fs::is_regular_file(blob_file(directory_, digest), error);
}

std::string Store::read(const Descriptor& descriptor) const {
  const fs::path file = blob_file(directory_, descriptor.digest);
  std::error_code error;
  if (!fs::exists(file, error)) throw missing_blob(descriptor.digest, file);
  std::string bytes = read_file(file);
  if (bytes.size() != descriptor.size || Digest::of(bytes) != descriptor.digest)
    throw corrupt_blob(descriptor, file);
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
  start_writing();
  for (const auto& [name, descriptor] : names) require_complete(name, descriptor);
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
  start_writing();
  for (const Descriptor& entry : entries) require_complete(name, entry);
  std::optional<Descriptor> result;
  change_names(directory_, [&](Index& names) {
    Index images;
    for (const Descriptor& holder : names.manifests) {
      if (annotation(holder, ref_name) == name && is_index(holder))
        images = parse_index(read(holder));
    }
    result = put(format_index(merged(std::move(images), entries)), media_type_index);
    set_name(names, name, *result);
  });
  return *result;
}

void Store::untag(const std::string& name) {
  change_names(directory_, [&](Index& index) {
    std::erase_if(index.manifests, [&](const Descriptor& descriptor) {
      return annotation(descriptor, ref_name) == name;
    });
  });
}

std::optional<Descriptor> Store::resolve(const std::string& name) const {
  std::optional<Descriptor> found;
  for (Descriptor& descriptor : read_names(directory_).manifests) {
    if (name.empty() || annotation(descriptor, ref_name) != name) continue;
    if (found && found->digest != descriptor.digest)
      throw ambiguous(directory_, name, *found, descriptor);
    descriptor.annotations.erase(std::string(ref_name));
    found = std::move(descriptor);
  }
  return found;
}

std::map<std::string, Descriptor> Store::names() const {
  std::map<std::string, Descriptor> result;
  for (Descriptor& descriptor : read_names(directory_).manifests) {
    const std::string name = annotation(descriptor, ref_name);
    descriptor.annotations.erase(std::string(ref_name));
    if (name.empty()) continue;
    const auto [it, added] = result.emplace(name, descriptor);
    if (!added && it->second.digest != descriptor.digest)
      throw ambiguous(directory_, name, it->second, descriptor);
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
  start_writing();
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
  if (state_of(to, descriptor.digest, descriptor.size) != BlobState::good)
    copy_blob(other.blob_path(descriptor), descriptor, *this);
}

Descriptor Store::import_layout(const fs::path& layout, const std::string& name_in_layout) {
  check_layout(layout);
  const Store source(layout);
  std::vector<Descriptor> found = read_names(source.directory()).manifests;
  if (!name_in_layout.empty())
    std::erase_if(found, [&](const Descriptor& descriptor) {
      return annotation(descriptor, ref_name) != name_in_layout;
    });
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

std::optional<Error> Store::fault_of(const Descriptor& descriptor) const {
  const fs::path file = blob_file(directory_, descriptor.digest);
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  if (error) return missing_blob(descriptor.digest, file);
  if (size != descriptor.size) return corrupt_blob(descriptor, file);
  std::vector<Descriptor> children;
  if (is_index(descriptor)) {
    children = parse_index(read(descriptor)).manifests;
  } else if (is_manifest(descriptor)) {
    Manifest manifest = parse_manifest(read(descriptor));
    children = std::move(manifest.layers);
    children.push_back(std::move(manifest.config));
  }
  for (const Descriptor& child : children) {
    if (auto fault = fault_of(child)) return fault;
  }
  return std::nullopt;
}

bool Store::complete(const Descriptor& descriptor) const {
  return !fault_of(descriptor).has_value();
}

void Store::require_complete(const std::string& name, const Descriptor& descriptor) const {
  if (const auto fault = fault_of(descriptor)) throw fault->with_context("image " + name);
}

}  // namespace rtfx::oci
