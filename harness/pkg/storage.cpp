// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/storage.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <mutex>
#include <optional>

#include "harness/oci/reference.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view unit_prefix = "build";

/// Whether overlay mounts work on the file system of `directory`; where they do not (a container on
/// overlay), buildah copies.
std::string storage_driver(const fs::path& directory, const Steps& steps) {
  static std::mutex mutex;
  static std::map<fs::path, std::string> known;
  const std::lock_guard guard(mutex);
  if (const auto it = known.find(directory); it != known.end()) return it->second;

  const TemporaryDirectory probe("probe", directory);
  process::Command command;
  const std::string script =
      "mkdir lower upper work merged && mount -t overlay overlay "
      "-o lowerdir=lower,upperdir=upper,workdir=work merged";
  command.argv = {"unshare", "--mount", "sh", "-c", script};
  command.cwd = probe.path();
  command.timeout = std::chrono::seconds(20);
  const process::Outcome outcome = process::run_captured(steps.runner, command, steps.stop).outcome;
  if (outcome.ending == process::Ending::cancelled) throw Error("cancelled", ExitCode::interrupted);
  return known.emplace(directory, outcome.ok() ? "overlay" : "vfs").first->second;
}

void write_configuration(const fs::path& directory, const fs::path& graph, const fs::path& run,
                         const std::string& driver, const fs::path& images) {
  std::string storage = "[storage]\ndriver = \"" + driver + "\"\ngraphroot = \"" + graph.string() +
                        "\"\nrunroot = \"" + run.string() + "\"\n";
  if (!images.empty())
    storage += "[storage.options]\nadditionalimagestores = [\"" + images.string() + "\"]\n";
  write_file_atomically(directory / "storage.conf", storage);
  // What the host's own files say about registries, names and signatures has no say in what a build
  // gives.
  write_file_atomically(directory / "registries.conf", "unqualified-search-registries = []\n");
  write_file_atomically(directory / "containers.conf", "");
  write_file_atomically(directory / "policy.json",
                        R"({"default":[{"type":"insecureAcceptAnything"}]})");
}

process::Command buildah_command(const fs::path& directory,
                                 const std::vector<std::string>& arguments, bool network) {
  process::Command command;
  // Mounts that buildah makes end with its processes, however those end.
  command.argv = {"unshare", "--mount"};
  if (!network) command.argv.push_back("--net");
  command.argv.insert(command.argv.end(), {"--", "buildah"});
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.cwd = directory;
  command.clear_env = true;
  command.env = {
      {"PATH", environment("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")},
      {"HOME", directory.string()},
      {"TMPDIR", (directory / "tmp").string()},
      {"LC_ALL", "C.UTF-8"},
      {"CONTAINERS_STORAGE_CONF", (directory / "storage.conf").string()},
      {"CONTAINERS_REGISTRIES_CONF", (directory / "registries.conf").string()},
      {"CONTAINERS_CONF", (directory / "containers.conf").string()}};
  return command;
}

}  // namespace

ImageStorage::ImageStorage(fs::path scratch)
    : scratch_(std::move(scratch)), directory_(scratch_ / "images") {}

void ImageStorage::load(const oci::Store& store, const oci::Descriptor& manifest,
                        const std::string& ref, const Steps& steps) {
  const fs::path marker = directory_ / "loaded" / Digest::of(ref).hex();
  // One at a time for each image. Others may be loaded meanwhile: the storage has locks of its own.
  fs::create_directories(scratch_ / "locks");
  const FileLock lock(scratch_ / "locks" / marker.filename());
  std::error_code error;
  const std::string driver = storage_driver(scratch_, steps);
  const std::string state = manifest.digest.str() + " " + driver;
  if (fs::exists(marker, error) && read_file(marker) == state) return;

  // Whoever removes images holds the first lock, and finds the second one taken.
  std::optional<FileLock> no_removal(std::in_place, scratch_ / "images.lock");
  const TemporaryDirectory work("load", scratch_);
  const FileLock in_use(work.path() / "lock");
  no_removal.reset();
  fs::create_directories(work.path() / "tmp");
  write_configuration(work.path(), directory_, work.path() / "run", driver, {});
  oci::Store layout(work.path() / "layout");
  layout.copy_from(store, manifest);
  layout.tag("image", manifest);
  in_context("loading " + ref, [&] {
    steps.run("buildah pull", buildah_command(work.path(),
                                              {"pull", "--quiet", "--signature-policy",
                                               "policy.json", "oci:layout:image"},
                                              false));
    // The config's digest is the image's name in buildah's storage, whatever name the pull gave it.
    const std::string id = oci::parse_manifest(store.read(manifest)).config.digest.hex();
    steps.run("buildah tag",
              buildah_command(work.path(), {"tag", id, oci::expand_reference(ref)}, false));
  });
  write_file_atomically(marker, state);
}

BuildDirectory::BuildDirectory(const fs::path& scratch)
    : directory_(std::string(unit_prefix), scratch), lock_(directory_.path() / "lock") {}

BuildStorage::BuildStorage(const fs::path& scratch, const ImageStorage* images, const Steps& steps)
    : directory_(scratch) {
  fs::create_directories(directory_.path() / "tmp");
  write_configuration(directory_.path(), directory_.path() / "root", directory_.path() / "run",
                      storage_driver(scratch, steps),
                      images == nullptr ? fs::path{} : images->directory_);
}

process::Command BuildStorage::buildah(const std::vector<std::string>& arguments,
                                       bool network) const {
  return buildah_command(directory_.path(), arguments, network);
}

void sweep(const fs::path& scratch) {
  using namespace std::chrono_literals;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(scratch, error)) {
    const std::string name = entry.path().filename().string();
    const bool ours = name.starts_with(std::string(unit_prefix) + ".") ||
                      name.starts_with("load.") || name.starts_with("probe.");
    if (!ours || !entry.is_directory(error)) continue;
    // A directory that was just made may not have its lock yet.
    if (fs::file_time_type::clock::now() - fs::last_write_time(entry.path(), error) < 60s) continue;
    const FileDescriptor lock(::open((entry.path() / "lock").c_str(), O_RDWR | O_CLOEXEC));
    if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue;
    fs::remove_all(entry.path(), error);
  }
}

}  // namespace rtfx::pkg
