// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/gc.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <thread>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/oci/reference.hpp"
#include "harness/oci/store_files.hpp"

namespace rtfx::oci {

namespace {

/// The digests of everything that `descriptor` leads to. What is not there leads nowhere; a manifest or index that is
/// corrupt is an Error.
void mark(const Store& store, const Descriptor& descriptor, std::set<Digest>& marked) {
  if (!marked.insert(descriptor.digest).second || !store.has(descriptor.digest)) return;
  if (is_index(descriptor)) {
    for (const Descriptor& child : parse_index(store.read(descriptor)).manifests)
      mark(store, child, marked);
  } else if (is_manifest(descriptor)) {
    const Manifest manifest = parse_manifest(store.read(descriptor));
    marked.insert(manifest.config.digest);
    for (const Descriptor& layer : manifest.layers) marked.insert(layer.digest);
  }
}

/// The files below a directory that `garbage` says yes to.
template <typename Garbage>
void sweep(const fs::path& directory, bool dry_run, Removed& removed, Garbage&& garbage) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (!entry.is_regular_file(error) || !garbage(entry.path())) continue;
    const std::uintmax_t size = entry.file_size(error);
    if (!dry_run && ::unlink(entry.path().c_str()) != 0) {
      if (errno == ENOENT) continue;
      throw write_error("removing " + entry.path().string(), errno);
    }
    removed.files.push_back(entry.path());
    if (!error) removed.bytes += size;
  }
}

/// Under both locks: nobody is writing.
Removed sweep_all(const Store& store, bool dry_run, const std::set<Digest>& marked) {
  const fs::path blobs = store.directory() / "blobs" / "sha256";
  std::set<std::string> kept;
  for (const Digest& digest : marked) kept.insert(digest.hex());
  const auto is_blob_name = [](const std::string& name) {
    return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
  };
  Removed removed;
  sweep(blobs, dry_run, removed, [&](const fs::path& file) {
    const std::string name = file.filename().string();
    return is_temporary(file) || (is_blob_name(name) && !kept.contains(name));
  });
  sweep(store.directory(), dry_run, removed, is_temporary);
  std::sort(removed.files.begin(), removed.files.end());
  return removed;
}

/// The exclusive lock, within the patience.
FileDescriptor keep_writers_away(Store& store, const GcOptions& options,
                                 const std::stop_token& stop) {
  constexpr std::chrono::milliseconds step(50);
  store.stop_writing();
  const auto deadline = std::chrono::steady_clock::now() + options.patience;
  for (;;) {
    auto lock = lock_writers(store.directory(), true, false);
    if (lock) return *std::move(lock);
    if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
    if (std::chrono::steady_clock::now() >= deadline)
      throw Error("others are writing to the store " + store.directory().string() +
                  " (builds, imports or pulls); nothing was removed, try again when they are done");
    std::this_thread::sleep_for(step);
  }
}

std::string with_tag(const std::string& name) {
  const std::string last = name.substr(name.rfind('/') + 1);
  return last.find_first_of(":@") == std::string::npos ? name + ":latest" : name;
}

/// The name among those of the store: as it is, or by what docker takes for the same.
std::string find_among(const std::set<std::string>& known, const std::string& name,
                       const fs::path& directory) {
  if (known.contains(name)) return name;
  const auto same = std::find_if(known.begin(), known.end(), [&](const std::string& other) {
    return with_tag(expand_reference(other)) == with_tag(expand_reference(name));
  });
  if (same != known.end()) return *same;
  throw Error("no image " + text::one_line(name) + " in the content store " + directory.string() +
              text::did_you_mean(name, {known.begin(), known.end()}));
}

/// Also when one of them is there twice.
std::set<std::string> names_in(const Index& index) {
  std::set<std::string> names;
  for (const Descriptor& entry : index.manifests) names.insert(annotation(entry, ref_name));
  names.erase("");
  return names;
}

}  // namespace

std::set<Digest> referenced(const Store& store) {
  std::set<Digest> marked;
  for (const Descriptor& root : read_names(store.directory()).manifests) {
    const std::string name = annotation(root, ref_name);
    in_context("image " + (name.empty() ? root.digest.str() : name),
               [&] { mark(store, root, marked); });
  }
  return marked;
}

Removed collect_garbage(Store& store, const GcOptions& options, std::stop_token stop) {
  const FileDescriptor writers = keep_writers_away(store, options, stop);
  const FileLock names(store.directory() / ".lock");
  return sweep_all(store, options.dry_run, referenced(store));
}

Removed remove_everything(Store& store, const GcOptions& options, std::stop_token stop) {
  const FileDescriptor writers = keep_writers_away(store, options, stop);
  const FileLock names(store.directory() / ".lock");
  if (!options.dry_run) replace_file(store.directory() / "index.json", format_index({}), true);
  return sweep_all(store, options.dry_run, {});
}

RemovedNames remove_images(Store& store, const std::vector<std::string>& names) {
  RemovedNames result;
  std::set<Digest> candidates;
  change_names(store.directory(), [&](Index& index) {
    const std::set<std::string> known = names_in(index);
    std::set<std::string> leaving;
    for (const std::string& name : names)
      leaving.insert(find_among(known, name, store.directory()));
    std::erase_if(index.manifests, [&](const Descriptor& entry) {
      if (!leaving.contains(annotation(entry, ref_name))) return false;
      try {
        mark(store, entry, candidates);
      } catch (const Error&) {
        // A damaged image is what one may want to remove; what it led to is left to the collector.
      }
      return true;
    });
    result.names.assign(leaving.begin(), leaving.end());
  });
  store.stop_writing();
  const auto writers = lock_writers(store.directory(), true, false);
  result.postponed = !writers;
  if (result.postponed) return result;
  const FileLock lock(store.directory() / ".lock");
  std::set<Digest> marked;
  try {
    marked = referenced(store);
  } catch (const Error&) {
    // Another image is damaged, and may lead to the same blobs.
    result.postponed = true;
    return result;
  }
  sweep(store.directory() / "blobs" / "sha256", false, result.blobs, [&](const fs::path& file) {
    return std::any_of(candidates.begin(), candidates.end(), [&](const Digest& digest) {
      return digest.hex() == file.filename() && !marked.contains(digest);
    });
  });
  std::sort(result.blobs.files.begin(), result.blobs.files.end());
  return result;
}

std::string find_name(const Store& store, const std::string& name) {
  return find_among(names_in(read_names(store.directory())), name, store.directory());
}

}  // namespace rtfx::oci
