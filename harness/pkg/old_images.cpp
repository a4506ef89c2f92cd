// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/old_images.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::pkg {

namespace {

struct OldImage {
  std::string driver, id, name;
};

/// Whether a build holds the lock of its directory.
bool builds_run(const fs::path& scratch) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(scratch, error)) {
    const FileDescriptor lock(::open((entry.path() / "lock").c_str(), O_RDWR | O_CLOEXEC));
    if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return true;
  }
  return false;
}

/// The name that ImageStorage::load gave, for people; buildah's own ("localhost/layout:latest") stands before or after it.
std::string name_of(const nlohmann::json& names, const std::string& id) {
  if (!names.is_array()) return id;
  for (const auto& name : names) {
    if (name.is_string() && !name.get<std::string>().ends_with(":latest"))
      return name.get<std::string>();
  }
  return id;
}

/// What containers/storage writes of the images of one driver.
std::vector<OldImage> old_images(const fs::path& images, const std::string& driver,
                                 const std::set<Digest>& kept) {
  const fs::path file = images / (driver + "-images") / "images.json";
  std::error_code error;
  std::vector<OldImage> old;
  if (!fs::exists(file, error)) return old;
  const auto list = nlohmann::json::parse(read_file(file), nullptr, false);
  if (!list.is_array()) throw Error(file.string() + " is not a JSON list");
  for (const auto& image : list) {
    if (!image.is_object() || !image.contains("id") || !image["id"].is_string()) continue;
    const std::string id = image["id"].get<std::string>();
    const bool known = std::any_of(kept.begin(), kept.end(),
                                   [&](const Digest& digest) { return digest.hex() == id; });
    if (known) continue;
    const auto names = image.find("names");
    old.push_back({driver, id, names == image.end() ? id : name_of(*names, id)});
  }
  return old;
}

/// What ImageStorage::load has noted of images that are to go: "DIGEST DRIVER".
void remove_markers(const fs::path& images, const std::set<Digest>& kept) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(images / "loaded", error)) {
    const std::string digest = text::split(read_file(entry.path()), ' ').front();
    const bool known = std::any_of(kept.begin(), kept.end(),
                                   [&](const Digest& other) { return other.str() == digest; });
    if (!known) fs::remove(entry.path(), error);
  }
}

void remove_image(const fs::path& scratch, const OldImage& image, process::Runner& runner,
                  const std::stop_token& stop) {
  // Named and locked as that of a load, so that sweep() finds it should this process be killed.
  const TemporaryDirectory work("load", scratch);
  const FileLock in_use(work.path() / "lock");
  process::Command command;
  command.argv = {"unshare",    "--mount",   "--",
                  "buildah",    "--root",    scratch / "images",
                  "--runroot",  work.path(), "--storage-driver",
                  image.driver, "rmi",       "--force",
                  image.id};
  command.cwd = work.path();
  // An empty file: what the host's own one says has no say here.
  write_file_atomically(work.path() / "storage.conf", "");
  command.env = {{"HOME", work.path()}, {"CONTAINERS_STORAGE_CONF", work.path() / "storage.conf"}};
  command.timeout = std::chrono::minutes(2);
  const process::Captured done = process::run_captured(runner, command, stop);
  if (!done.outcome.ok())
    throw Error("removing buildah's image " + image.name + ": " + done.outcome.str() + ": " +
                text::one_line(text::trim(done.err)));
}

}  // namespace

std::vector<std::string> remove_old_images(const fs::path& scratch, const std::set<Digest>& kept,
                                           bool dry_run, process::Runner& runner,
                                           std::stop_token stop) {
  std::error_code error;
  const fs::path images = scratch / "images";
  if (!fs::exists(images, error)) return {};
  const FileLock lock(scratch / "images.lock");
  if (builds_run(scratch)) return {};
  std::vector<OldImage> old;
  for (const char* driver : {"overlay", "vfs"}) {
    for (OldImage& image : old_images(images, driver, kept)) old.push_back(std::move(image));
  }
  if (!dry_run && !old.empty()) {
    process::require_program("buildah", "buildah");
    remove_markers(images, kept);
    for (const OldImage& image : old) remove_image(scratch, image, runner, stop);
  }
  std::vector<std::string> names;
  for (const OldImage& image : old) names.push_back(image.name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace rtfx::pkg
