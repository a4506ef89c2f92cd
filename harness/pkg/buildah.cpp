// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/buildah.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "harness/pkg/emulation.hpp"
#include "harness/pkg/storage.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

void require_host() {
  process::require_program("buildah", "buildah");
  process::require_program("unshare", "util-linux");
  process::require_program("mount", "mount");
  if (::geteuid() != 0)
    throw Error("building packages needs root: run rtfx through sudo", ExitCode::host);
}

/// Newer buildahs set limits of their own choice, which fails where this process may not raise its
/// own ones.
std::string limit(const char* name, decltype(RLIMIT_NOFILE) resource, rlim_t usual) {
  rlimit own{};
  ::getrlimit(resource, &own);
  const std::string value = std::to_string(std::min(own.rlim_max, usual));
  return std::string(name) + "=" + value + ":" + value;
}

std::vector<std::string> bud_arguments(const BuildJob& job) {
  std::vector<std::string> arguments{
      "bud", "--isolation", "chroot", "--pull-never", "--format", "oci", "--layers=false",
      "--signature-policy", "policy.json", "--ulimit", limit("nofile", RLIMIT_NOFILE, 1048576),
      "--ulimit", limit("nproc", RLIMIT_NPROC, 32768), "--platform", "linux/" + job.arch.name,
      "--timestamp", std::to_string(job.timestamp),
      // Layers travel to registries, so they are compressed here, once. The builder's version is no
      // part of the result.
      "--disable-compression=false", "--identity-label=false", "--file", job.dockerfile.string()};
  for (const std::string& argument : job.build_args)
    arguments.insert(arguments.end(), {"--build-arg", argument});
  // Their values, which may hold passwords, come from the environment.
  for (const auto& [name, value] : job.proxies)
    arguments.insert(arguments.end(), {"--build-arg", name});
  for (const auto& [name, value] : job.labels)
    arguments.insert(arguments.end(), {"--label", name + "=" + value});
  for (const std::string& agent : job.ssh) arguments.insert(arguments.end(), {"--ssh", agent});
  arguments.insert(arguments.end(), {"--tag", "oci:out:image", job.context.string()});
  return arguments;
}

/// buildah 1.39 writes the image and then fails to unmount what RUN --mount=from= had mounted of an image in an
/// additional store. The layout's index is the last thing that it writes, and import_layout() checks every blob.
bool failed_after_the_image(const Error& error, const fs::path& layout) {
  std::error_code ignored;
  return std::string_view(error.what()).ends_with("Error: layer not known") &&
         fs::exists(layout / "index.json", ignored);
}

constexpr int most_tries = 3;

/// buildah copies itself into sealed memory before it does anything. Sealing is refused for as long as the kernel looks at
/// one of the pages (memfd_create(2), fcntl(2): EBUSY), as it does now and then on a host that watches its memory.
bool failed_to_start(const Error& error) {
  return std::string_view(error.what()).find("sealing memfd copy: Device or resource busy") !=
         std::string_view::npos;
}

/// Runs it, and again when it did not begin.
void run_buildah(const Steps& steps, const process::Command& command) {
  for (int tries = 1;; ++tries) {
    try {
      return steps.run("buildah", command);
    } catch (const Error& error) {
      if (tries == most_tries || !failed_to_start(error)) throw;
    }
  }
}

}  // namespace

BuildahBuilder::BuildahBuilder(fs::path scratch, std::string host_arch)
    : scratch_(fs::absolute(scratch).lexically_normal()), host_arch_(std::move(host_arch)) {}

void BuildahBuilder::require_emulator(const Arch& arch) const { pkg::require_emulator(arch); }

oci::Descriptor BuildahBuilder::build(const BuildJob& job, oci::Store& store, const Steps& steps) {
  require_host();
  fs::create_directories(scratch_);
  ImageStorage images(scratch_);
  for (const BaseImage& image : job.images) images.load(store, image.manifest, image.name, steps);
  const BuildStorage storage(scratch_, job.images.empty() ? nullptr : &images, steps);
  process::Command command = storage.buildah(bud_arguments(job), job.network);
  command.env.insert(job.proxies.begin(), job.proxies.end());
  for (const char* agent : {"SSH_AUTH_SOCK"}) {
    if (const std::string value = environment(agent); !job.ssh.empty() && !value.empty())
      command.env[agent] = value;
  }
  try {
    run_buildah(steps, command);
  } catch (const Error& error) {
    if (!failed_after_the_image(error, storage.output())) throw;
  }
  return store.import_layout(storage.output());
}

}  // namespace rtfx::pkg
