// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <optional>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/pkg/build.hpp"
#include "harness/pkg/context.hpp"
#include "harness/pkg/rootfs.hpp"
#include "harness/pkg/storage.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

constexpr const char* needs_label = "org.rtfx.needs";

void require_host() {
  process::require_program("buildah", "buildah");
  process::require_program("unshare", "util-linux");
  process::require_program("mount", "mount");
  if (::geteuid() != 0)
    throw Error("building packages needs root: run rtfx through sudo", ExitCode::host);
}

/// The result of an earlier build, if it is whole and was made from the same packages. The tag does
/// not cover what a package is built on, so the images' label is compared.
std::optional<oci::Descriptor> find_built(const PlannedPackage& package, const Arch& arch,
                                          const oci::Store& store) {
  const auto known = store.resolve(arch_ref(package.ref, arch.name));
  if (!known || !store.complete(*known)) return std::nullopt;
  const auto manifest = store.for_arch(*known, arch.name);
  if (!manifest) return std::nullopt;
  const auto config =
      oci::parse_image_config(store.read(oci::parse_manifest(store.read(*manifest)).config));
  const auto label = config.labels.find(needs_label);
  const auto wanted = package.labels.find(needs_label);
  const bool same = (label == config.labels.end() ? "" : label->second) ==
                    (wanted == package.labels.end() ? "" : wanted->second);
  return same ? manifest : std::nullopt;
}

void load_needed(const PlannedPackage& package, ImageStorage& images,
                 const BuildEnvironment& environment, const Steps& steps) {
  const std::string host = host_arch(environment.arches);
  for (const std::string& ref : package.needed_refs) {
    const auto known = environment.store.resolve(arch_ref(ref, host));
    if (!known) throw Error("needs " + ref + " for " + host + ", which is not built");
    const auto manifest = environment.store.for_arch(*known, host);
    if (!manifest)
      throw Error("needs " + ref + " for " + host +
                  ", but the store has it for another architecture");
    images.load(environment.store, *manifest, ref, steps);
  }
}

/// The archive for the builds that may want it: those with a root filesystem, which must have it,
/// and those with network.
std::string mirror_for(const Package& package, const BuildEnvironment& environment) {
  static std::mutex mutex;
  static std::optional<std::string> found;
  if (!package.rootfs && !package.network) return "";
  if (!environment.debian_mirror.empty()) return environment.debian_mirror;
  const std::lock_guard lock(mutex);
  if (found) return *found;
  try {
    found = debian_mirror(environment.runner);
  } catch (const Error&) {
    if (package.rootfs) throw;
    return "";
  }
  return *found;
}

/// Newer buildahs set limits of their own choice, which fails where this process may not raise its
/// own ones.
std::string limit(const char* name, decltype(RLIMIT_NOFILE) resource, rlim_t usual) {
  rlimit own{};
  ::getrlimit(resource, &own);
  const std::string value = std::to_string(std::min(own.rlim_max, usual));
  return std::string(name) + "=" + value + ":" + value;
}

std::vector<std::string> bud_arguments(const PlannedPackage& planned, const Arch& arch,
                                       const BuildEnvironment& environment,
                                       const std::string& mirror) {
  const std::string host = host_arch(environment.arches);
  std::vector<std::string> arguments{
      "bud", "--isolation", "chroot", "--pull-never", "--format", "oci", "--layers=false",
      "--signature-policy", "policy.json", "--ulimit", limit("nofile", RLIMIT_NOFILE, 1048576),
      "--ulimit", limit("nproc", RLIMIT_NPROC, 32768), "--platform", "linux/" + arch.name,
      "--timestamp", std::to_string(planned.timestamp),
      // Layers travel to registries, so they are compressed here, once. The builder's version is no
      // part of the result.
      "--disable-compression=false", "--identity-label=false", "--file",
      "context/" + planned.package.dockerfile};
  std::vector<std::string> build_args{
      "BUILDPLATFORM=linux/" + host,       "BUILDOS=linux",  "BUILDARCH=" + host,
      "TARGETPLATFORM=linux/" + arch.name, "TARGETOS=linux", "TARGETARCH=" + arch.name};
  if (planned.package.network && !mirror.empty()) build_args.push_back("DEBIAN_MIRROR=" + mirror);
  build_args.insert(build_args.end(), planned.build_args.begin(), planned.build_args.end());
  for (const std::string& argument : build_args)
    arguments.insert(arguments.end(), {"--build-arg", argument});
  for (const auto& [name, value] : planned.labels)
    arguments.insert(arguments.end(), {"--label", name + "=" + value});
  arguments.insert(arguments.end(), {"--tag", "oci:out:image", "context"});
  return arguments;
}

oci::Descriptor build(const PlannedPackage& planned, const Arch& arch,
                      const BuildEnvironment& environment, const Steps& steps) {
  require_host();
  const fs::path scratch = fs::absolute(environment.scratch).lexically_normal();
  fs::create_directories(scratch);
  sweep(scratch);
  ImageStorage images(scratch);
  load_needed(planned, images, environment, steps);

  const std::string mirror = mirror_for(planned.package, environment);
  const BuildStorage storage(scratch, planned.needed_refs.empty() ? nullptr : &images, steps);
  make_context(planned.package, storage.context(), planned.timestamp);
  if (planned.package.rootfs)
    make_rootfs(planned.package, arch, mirror, planned.timestamp,
                storage.context() / planned.package.rootfs->target, storage.temporary(), steps);
  try {
    steps.run("buildah", storage.buildah(bud_arguments(planned, arch, environment, mirror),
                                         planned.package.network));
  } catch (const Error& error) {
    if (std::string_view(error.what()).find("image not known") == std::string_view::npos) throw;
    throw Error(std::string(error.what()) +
                    "\nFROM finds only packages that a build argument NAME=@lkt:pkg:PATH names, "
                    "for the build "
                    "host: FROM --platform=$BUILDPLATFORM ${NAME}",
                error.code());
  }

  const oci::Descriptor manifest = environment.store.import_layout(storage.output());
  const auto image = environment.store.for_arch(manifest, arch.name);
  if (!image) {
    throw Error("the built image is for " +
                (manifest.platform ? manifest.platform->architecture : "another architecture") +
                "; the last FROM of its Dockerfile must not be of the build host's platform");
  }
  environment.store.tag(arch_ref(planned.ref, arch.name), *image);
  return *image;
}

}  // namespace

Built build_package(const PlannedPackage& package, const Arch& arch,
                    const BuildEnvironment& environment, bool force, const Log& log,
                    std::stop_token stop) {
  const auto start = std::chrono::steady_clock::now();
  return in_context(package.ref + " for " + arch.name, [&] {
    if (!force) {
      if (const auto manifest = find_built(package, arch, environment.store))
        return Built{*manifest, true, std::chrono::steady_clock::now() - start};
    }
    const Steps steps{environment.runner, log, stop, start + environment.timeout};
    const oci::Descriptor manifest = build(package, arch, environment, steps);
    return Built{manifest, false, std::chrono::steady_clock::now() - start};
  });
}

}  // namespace rtfx::pkg
