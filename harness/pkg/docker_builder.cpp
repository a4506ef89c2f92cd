// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/docker_builder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/oci/archive.hpp"
#include "harness/oci/canonical.hpp"
#include "harness/pkg/docker_dockerfile.hpp"
#include "harness/pkg/storage.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

/// From this version on the client builds through a plugin only.
constexpr int first_with_plugin = 23;

std::string goarch_of(const std::string& arch, const ArchTable& arches) {
  const Arch* row = arches.find_uname(arch);
  return row == nullptr ? arch : row->name;
}

void require_build(const DockerClient& client, const std::string& version, std::stop_token stop) {
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  if (major < first_with_plugin || client.ask({"buildx", "version"}, stop).outcome.ok()) return;
  throw Error(client.name() + ": the docker client " + client.program().string() + " (" + version +
                  ") cannot build, its buildx plugin is missing: apt-get install docker-buildx "
                  "(Debian 13), or put another client first in PATH",
              ExitCode::host);
}

/// A name that nothing else in the daemon has, whoever else builds there.
std::string private_tag() {
  std::random_device random;
  std::string digits;
  for (int i = 0; i < 16; ++i) digits += "0123456789abcdef"[random() % 16];
  return "localhost/rtfx-build:" + digits;
}

/// Removes the private tag when the build is over, however it ended.
class TagGuard {
 public:
  TagGuard(const DockerClient& client, std::string tag) : client_(client), tag_(std::move(tag)) {}
  TagGuard(const TagGuard&) = delete;
  TagGuard& operator=(const TagGuard&) = delete;
  ~TagGuard() {
    try {
      client_.ask({"image", "rm", tag_});
    } catch (const std::exception&) {
      // It costs the daemon some disk; that the build failed is what matters.
    }
  }

 private:
  const DockerClient& client_;
  std::string tag_;
};

/// Reads what a command prints while it runs, in a thread of its own, through a pipe.
class PipedReader {
 public:
  using Read = std::function<void(int fd)>;
  explicit PipedReader(Read read) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("making a pipe", errno);
    read_end_ = FileDescriptor(ends[0]);
    write_end_ = FileDescriptor(ends[1]);
    thread_ = std::thread([this, read = std::move(read)] {
      try {
        read(read_end_.get());
        drain();
      } catch (...) {
        failure_ = std::current_exception();
        // The writer must not wait for somebody who has given up.
        drain();
      }
    });
  }
  PipedReader(const PipedReader&) = delete;
  PipedReader& operator=(const PipedReader&) = delete;
  ~PipedReader() {
    write_end_.close();
    if (thread_.joinable()) thread_.join();
  }

  void write(std::string_view bytes) { write_all(write_end_.get(), bytes, "a pipe"); }
  /// The end of what there is to read. Throws what the reader threw.
  void finish() {
    write_end_.close();
    thread_.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void drain() {
    char buffer[65536];
    ssize_t got = 0;
    do {
      got = ::read(read_end_.get(), buffer, sizeof buffer);
    } while (got > 0 || (got < 0 && errno == EINTR));
  }

  FileDescriptor read_end_, write_end_;
  std::exception_ptr failure_;
  std::thread thread_;
};

bool mentions(const Error& error, std::string_view text) {
  return std::string_view(error.what()).find(text) != std::string_view::npos;
}

/// What is wrong in a Dockerfile for a build without network, before anything is started.
void refuse_remote_sources(const BuildJob& job, const std::string& dockerfile) {
  for (const std::string& argument : job.build_args) {
    if (argument.starts_with("BUILDKIT_SYNTAX="))
      throw Error("BUILDKIT_SYNTAX is no build argument here: frontends are not fetched",
                  ExitCode::usage);
  }
  if (job.network) return;
  if (const auto remote = find_remote_source(dockerfile, job.build_args)) {
    throw Error(job.dockerfile.filename().string() + ":" + std::to_string(remote->line) + ": ADD " +
                    text::one_line(remote->source) +
                    " needs the network, which this build does not have; put the file into the "
                    "package, or set network: true in its build.yml",
                ExitCode::usage);
  }
}

}  // namespace

DockerBuilder::DockerBuilder(const std::string& context, process::Runner& runner,
                             const ArchTable& arches, fs::path scratch, std::stop_token stop)
    : client_(context, runner), scratch_(fs::absolute(scratch).lexically_normal()) {
  const DockerClient::Versions versions = client_.versions(stop);
  if (versions.server_os != "linux")
    throw Error(
        client_.name() + ": its daemon builds for " + versions.server_os + ", not for linux",
        ExitCode::host);
  require_build(client_, versions.client, stop);
  arch_ = goarch_of(versions.server_arch, arches);
}

void DockerBuilder::load(const BaseImage& image, const oci::Store& store, const Steps& steps) {
  const std::lock_guard guard(loading_);
  // Docker's id of an image is the digest of its configuration.
  const Digest id = oci::parse_manifest(store.read(image.manifest)).config.digest;
  const process::Captured known =
      client_.ask({"image", "inspect", "--format", "{{.Id}}", image.name}, steps.stop);
  if (known.outcome.ok() && text::trim(known.out) == id.str()) return;
  load_into_docker(client_.context(), store, image.manifest, image.name, steps);
}

void DockerBuilder::run_build(const BuildJob& job, const std::string& dockerfile,
                              const std::string& tag, const Steps& steps) const {
  std::vector<std::string> arguments{
      "build", "--progress", "plain", "--platform", "linux/" + job.arch.name, "--network",
      // The network of the daemon's host, as buildah has it of this one.
      job.network ? "host" : "none", "--tag", tag, "--file", "-"};
  if (!job.use_cache) arguments.push_back("--no-cache");
  for (const std::string& argument : job.build_args)
    arguments.insert(arguments.end(), {"--build-arg", argument});
  // Their values, which may hold passwords, come from the environment.
  for (const auto& [name, value] : job.proxies)
    arguments.insert(arguments.end(), {"--build-arg", name});
  for (const auto& [name, value] : job.labels)
    arguments.insert(arguments.end(), {"--label", name + "=" + value});
  for (const std::string& agent : job.ssh) arguments.insert(arguments.end(), {"--ssh", agent});
  arguments.push_back(job.context.string());

  process::Command command = client_.command(arguments);
  command.env.insert(job.proxies.begin(), job.proxies.end());
  command.stdin_text = dockerfile;
  try {
    steps.run("docker build", std::move(command));
  } catch (const Error& error) {
    if (error.code() == ExitCode::interrupted) throw;
    if (const auto gone = client_.unreachable(steps.stop))
      throw Error("the daemon went away during the build: " + *gone, ExitCode::host);
    if (!mentions(error, "exec format error")) throw;
    throw Error(std::string(error.what()) + "\nthe host of " + client_.name() + " is " + arch_ +
                    " and has no emulator for the programs that RUN starts; register one there: "
                    "apt-get install qemu-user-static binfmt-support. Or build across: "
                    "FROM --platform=$BUILDPLATFORM for the stages that RUN",
                ExitCode::host);
  }
}

oci::Descriptor DockerBuilder::fetch(const BuildJob& job, const std::string& tag, oci::Store& store,
                                     const Steps& steps) const {
  sweep(scratch_);
  const TemporaryDirectory work("load", scratch_);
  const FileLock in_use(work.path() / "lock");
  // What the daemon gives is not canonical and shall leave nothing in the store.
  oci::Store raw(work.path() / "layout");
  std::vector<oci::ImportedImage> images;
  PipedReader reader([&](int fd) {
    images = oci::import_archive(raw, fd, "the archive of docker save", "image");
  });
  process::Command command = client_.command({"save", tag});
  command.timeout = std::max(std::chrono::duration_cast<std::chrono::milliseconds>(
                                 steps.deadline - std::chrono::steady_clock::now()),
                             std::chrono::milliseconds(1));
  std::string errors;
  const process::Outcome outcome = steps.runner.run(
      command,
      [&](process::Stream stream, std::string_view bytes) {
        if (stream == process::Stream::out)
          reader.write(bytes);
        else
          errors += bytes;
      },
      steps.stop);
  if (outcome.ending == process::Ending::cancelled) throw Error("cancelled", ExitCode::interrupted);
  if (!outcome.ok())
    throw Error("docker save: " + outcome.str() + ": " + text::one_line(text::trim(errors)));
  reader.finish();
  if (images.size() != 1) throw Error("docker save gave no image");

  oci::CanonicalForm form{.timestamp = job.timestamp};
  for (const BaseImage& image : job.images) form.bases.push_back(image.manifest);
  for (const auto& [name, value] : job.proxies) form.hidden.push_back(value);
  const auto image = raw.for_arch(images.front().descriptor, job.arch.name);
  if (!image) {
    throw Error("the built image is not for " + job.arch.name +
                "; the last FROM of its Dockerfile must not be of the build host's platform");
  }
  return oci::canonicalize(raw, *image, store, form, steps.stop);
}

oci::Descriptor DockerBuilder::build(const BuildJob& job, oci::Store& store, const Steps& steps) {
  const std::string dockerfile = without_frontend(read_file(job.dockerfile));
  refuse_remote_sources(job, dockerfile);
  fs::create_directories(scratch_);
  return in_context(name(), [&] {
    for (const BaseImage& image : job.images) load(image, store, steps);
    const std::string tag = private_tag();
    const TagGuard guard(client_, tag);
    run_build(job, dockerfile, tag, steps);
    return fetch(job, tag, store, steps);
  });
}

}  // namespace rtfx::pkg
