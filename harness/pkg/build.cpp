// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/build.hpp"

#include <algorithm>
#include <cctype>
#include <mutex>
#include <optional>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/oci/difference.hpp"
#include "harness/oci/reference.hpp"
#include "harness/pkg/archive_mirror.hpp"
#include "harness/pkg/buildah.hpp"
#include "harness/pkg/context.hpp"
#include "harness/pkg/image_maker.hpp"
#include "harness/pkg/rootfs.hpp"
#include "harness/pkg/storage.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

constexpr const char* needs_label = "org.rtfx.needs";
constexpr std::chrono::milliseconds usual_timeout = std::chrono::minutes(20);

/// Whether an image was made from the packages that it would be made from now. The tag need not cover what a package is
/// built on, so the image's label is compared.
bool has_same_needs(const PlannedPackage& package, const oci::Descriptor& manifest,
                    const oci::Store& store) {
  const auto config =
      oci::parse_image_config(store.read(oci::parse_manifest(store.read(manifest)).config));
  const auto label = config.labels.find(needs_label);
  const auto wanted = package.labels.find(needs_label);
  return (label == config.labels.end() ? "" : label->second) ==
         (wanted == package.labels.end() ? "" : wanted->second);
}

/// The result of an earlier build, if it is whole and was made from the same packages.
std::optional<oci::Descriptor> find_built(const PlannedPackage& package, const Arch& arch,
                                          const oci::Store& store) {
  const auto known = store.resolve(arch_ref(package.ref, arch.name));
  if (!known || !store.complete(*known)) return std::nullopt;
  const auto manifest = store.for_arch(*known, arch.name);
  if (!manifest || !has_same_needs(package, *manifest, store)) return std::nullopt;
  return manifest;
}

/// The archive for the builds that may want it: those with a root filesystem, which must have it,
/// and those with network.
std::string mirror_for(const Package& package, const BuildEnvironment& environment) {
  static std::mutex mutex;
  static std::optional<std::string> found;
  const bool needed = package.rootfs || package.mirror;
  if (!needed && !package.network) return "";
  if (!environment.debian_mirror.empty()) return environment.debian_mirror;
  const std::lock_guard lock(mutex);
  if (found) return *found;
  try {
    found = debian_mirror(environment.runner);
  } catch (const Error&) {
    if (needed) throw;
    return "";
  }
  return *found;
}

std::map<std::string, std::string> proxies_of_environment() {
  std::map<std::string, std::string> proxies;
  for (std::string name : {"http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"}) {
    for (int i = 0; i < 2; ++i) {
      if (const std::string value = environment(name.c_str()); !value.empty())
        proxies[name] = value;
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    }
  }
  return proxies;
}

/// What the store has under a name, in the ways that names are written; with a digest, under any name.
std::vector<oci::Descriptor> known_as(const std::string& ref, const std::string& arch,
                                      const oci::Store& store) {
  const oci::Reference reference = oci::parse_reference(ref);
  const std::string full = reference.str(), familiar = reference.familiar();
  std::vector<oci::Descriptor> found;
  if (reference.digest) {
    for (const auto& [name, descriptor] : store.names()) {
      if (descriptor.digest == *reference.digest) return {descriptor};
    }
    return found;
  }
  for (const std::string& name :
       {arch_ref(ref, arch), ref, arch_ref(familiar, arch), familiar, arch_ref(full, arch), full}) {
    if (const auto descriptor = store.resolve(name)) found.push_back(*descriptor);
  }
  return found;
}

/// An image that a Dockerfile names, in the store; pulled if it is not there and a registry may be asked.
oci::Descriptor find_base(const std::string& ref, const std::string& arch,
                          const BuildEnvironment& environment) {
  const oci::Store& store = environment.store;
  for (const oci::Descriptor& known : known_as(ref, arch, store)) {
    if (!store.complete(known)) continue;
    if (const auto manifest = store.for_arch(known, arch)) return *manifest;
  }
  const std::string wanted = "FROM " + ref + " for " + arch;
  if (!environment.remote || !environment.remote->base)
    throw Error(wanted +
                ": the store does not have this image, and no registry is asked; build it, "
                "or take it in with rtfx cache pull or rtfx cache import");
  const auto pulled = environment.remote->base(ref, arch);
  const auto manifest = pulled ? store.for_arch(*pulled, arch) : std::nullopt;
  if (!manifest) throw Error(wanted + ": neither the store nor the registry has this image");
  return *manifest;
}

/// What a name with a digest stands for, an index as a whole, because that is what the digest is of.
oci::Descriptor find_pinned(const std::string& ref, const std::string& arch,
                            const BuildEnvironment& environment) {
  const oci::Store& store = environment.store;
  for (const oci::Descriptor& known : known_as(ref, arch, store)) {
    if (store.complete(known)) return known;
  }
  if (!environment.remote || !environment.remote->base)
    throw Error(
        "the store does not have this image, and no registry is asked; take it in with "
        "rtfx cache pull or rtfx cache import");
  const auto pulled = environment.remote->base(ref, "");
  if (!pulled) throw Error("neither the store nor the registry has this image");
  return *pulled;
}

/// What builders call a base: readable, and with digits of its digest, so that it never means two things.
std::string base_name(const std::string& ref, const std::string& arch, const Digest& digest) {
  const oci::Reference reference = oci::parse_reference(ref);
  std::string tag = reference.tag.empty() ? "digest" : reference.tag;
  constexpr std::size_t readable = 60;
  tag.resize(std::min(tag.size(), readable));
  return "localhost/" + reference.repository + ":" + tag + "-" + arch + "-" +
         digest.hex().substr(0, 12);
}

/// Everything that one build of a package for one arch is given.
class Preparation {
 public:
  Preparation(const PlannedPackage& planned, const Arch& arch, const BuildEnvironment& environment,
              const Builder& builder)
      : planned_(planned),
        arch_(arch),
        environment_(environment),
        dockerfile_(planned.dockerfile
                        ? *planned.dockerfile
                        : Dockerfile(read_file(dockerfile_path()), dockerfile_path())),
        arguments_(dockerfile_arguments(planned, arch.name, builder.arch())) {}

  BuildKind check_emulators(const Builder& builder) const {
    std::set<std::string> arches;
    for (const std::string& platform : dockerfile_.run_platforms(arguments_, target()))
      arches.insert(arch_of_platform(platform));
    for (const std::string& arch : arches) {
      if (arch != builder.arch()) builder.require_emulator(environment_.arches.find(arch));
    }
    return kind_of_build(arch_.name, builder.arch(), arches);
  }

  BuildJob job(const fs::path& directory, const BuildOptions& options, const Steps& steps) {
    const Package& package = planned_.package;
    const std::string mirror = mirror_for(package, environment_);
    BuildJob job;
    job.ref = planned_.ref;
    job.arch = arch_;
    job.context = directory / "context";
    job.dockerfile = directory / "Dockerfile";
    add_bases(job);
    for (const auto& [name, value] : arguments_) {
      if (name.starts_with("BUILD") || name.starts_with("TARGET"))
        job.build_args.push_back(name + "=" + value);
    }
    if (package.network && !mirror.empty()) job.build_args.push_back("DEBIAN_MIRROR=" + mirror);
    job.build_args.insert(job.build_args.end(), planned_.build_args.begin(),
                          planned_.build_args.end());
    job.labels = planned_.labels;
    job.network = package.network;
    job.use_cache = !package.disable_cache && !options.check_reproducible;
    job.timestamp = planned_.revision.timestamp;
    if (job.network) job.proxies = proxies_of_environment();
    job.ssh = options.ssh;

    make_context(package, job.context, job.timestamp);
    add_dependencies(job, mirror, directory, steps);
    return job;
  }

 private:
  std::string target() const { return "linux/" + arch_.name; }

  /// What `depends:` of build.yml puts into the context.
  void add_dependencies(const BuildJob& job, const std::string& mirror, const fs::path& directory,
                        const Steps& steps) const {
    const Package& package = planned_.package;
    const fs::path downloads =
        fs::absolute(environment_.scratch).lexically_normal().parent_path() / "debs";
    if (package.rootfs) {
      const fs::path temporary = directory / "tmp";
      fs::create_directories(temporary);
      make_rootfs(package, arch_, mirror, job.timestamp, job.context / package.rootfs->target,
                  temporary, downloads, steps);
    }
    if (package.docker_images) {
      const auto pull = [&](const std::string& ref) {
        return find_pinned(ref, arch_.name, environment_);
      };
      save_docker_images(*package.docker_images, job.context, environment_.store, pull, arch_.name);
    }
    if (package.mirror)
      make_mirror(*package.mirror, arch_, mirror, downloads, job.timestamp,
                  job.context / package.mirror->target, steps);
  }

  fs::path dockerfile_path() const {
    return planned_.package.directory / planned_.package.dockerfile;
  }

  void add_bases(BuildJob& job) const {
    const auto rename = [&](const ImageUse& use) {
      const std::string arch = arch_of_platform(use.platform);
      const oci::Descriptor manifest = find_base(use.image, arch, environment_);
      const std::string name = base_name(use.image, arch, manifest.digest);
      const bool known = std::any_of(job.images.begin(), job.images.end(),
                                     [&](const BaseImage& image) { return image.name == name; });
      if (!known) job.images.push_back({name, manifest});
      return name;
    };
    write_file_atomically(job.dockerfile, dockerfile_.renamed(arguments_, target(), rename));
  }

  const PlannedPackage& planned_;
  const Arch& arch_;
  const BuildEnvironment& environment_;
  const Dockerfile dockerfile_;
  const Arguments arguments_;
};

/// A failure that a foreign program in a RUN explains gets the explanation.
Error explained(const Error& error, BuildKind kind) {
  const std::string what = error.what();
  const bool told = error.code() == ExitCode::host;  // by the builder, which knows its host
  if (told || kind != BuildKind::emulated || what.find("xec format error") == std::string::npos)
    return error;
  return Error(what +
                   "\nRUN starts programs of another arch, and the builder's host has no emulator "
                   "registered for them; see docs/builders.md",
               ExitCode::host);
}

oci::Descriptor build_once(const PlannedPackage& planned, const Arch& arch,
                           const BuildEnvironment& environment, const BuildOptions& options,
                           Builder& builder, BuildKind kind, const Steps& steps) {
  const fs::path scratch = fs::absolute(environment.scratch).lexically_normal();
  fs::create_directories(scratch);
  sweep(scratch);
  const BuildDirectory directory(scratch);
  Preparation preparation(planned, arch, environment, builder);
  const BuildJob job = preparation.job(directory.path(), options, steps);
  const oci::Descriptor manifest = [&] {
    try {
      return builder.build(job, environment.store, steps);
    } catch (const Error& error) {
      throw explained(error, kind);
    }
  }();
  const auto image = environment.store.for_arch(manifest, arch.name);
  if (!image) {
    throw Error("the built image is for " +
                (manifest.platform ? manifest.platform->architecture : "another architecture") +
                "; the last FROM of its Dockerfile must not be of the build host's platform");
  }
  return *image;
}

void require_same(const oci::Store& store, const oci::Descriptor& first,
                  const oci::Descriptor& second) {
  if (first.digest == second.digest) return;
  const std::vector<std::string> lines = oci::explain_difference(store, first, second);
  throw Error("not reproducible: two builds gave " + first.digest.str() + " and " +
              second.digest.str() + "\n" + text::join(lines, "\n"));
}

/// Of a package that has a maker of its own.
Built make(const PlannedPackage& planned, const Arch& arch, const BuildEnvironment& environment,
           const BuildOptions& options, const Steps& steps) {
  const ImageMaker& maker = *planned.maker;
  Built built;
  built.builder = maker.name();
  built.kind = kind_of_build(arch.name, host_arch(environment.arches), {});
  if (options.dry_run) {
    built.origin = Origin::would_build;
    return built;
  }
  const auto made = [&](bool afresh) {
    return maker.make(planned, arch, afresh, environment, steps.log, steps.stop);
  };
  built.manifest = made(false);
  if (options.check_reproducible) require_same(environment.store, *built.manifest, made(true));
  environment.store.tag(arch_ref(planned.ref, arch.name), *built.manifest);
  return built;
}

Built build(const PlannedPackage& package, const Arch& arch, const BuildEnvironment& environment,
            const BuildOptions& options, const Steps& steps) {
  PlannedPackage planned = package;
  settle_revision(planned);
  if (planned.maker) return make(planned, arch, environment, options, steps);
  BuildahBuilder local(environment.scratch, host_arch(environment.arches));
  Builder& builder = environment.builders == nullptr
                         ? local
                         : environment.builders->for_arch(arch.name, steps.stop);
  Built built;
  built.builder = builder.name();
  built.kind = Preparation(planned, arch, environment, builder).check_emulators(builder);
  if (options.dry_run) {
    built.origin = Origin::would_build;
    return built;
  }
  built.manifest = build_once(planned, arch, environment, options, builder, built.kind, steps);
  if (options.check_reproducible) {
    require_same(environment.store, *built.manifest,
                 build_once(planned, arch, environment, options, builder, built.kind, steps));
  }
  environment.store.tag(arch_ref(planned.ref, arch.name), *built.manifest);
  return built;
}

/// What is there already: in the store, or where the registry is.
std::optional<Built> find(const PlannedPackage& planned, const Arch& arch,
                          const BuildEnvironment& environment, const BuildOptions& options) {
  if (options.force || options.check_reproducible) return std::nullopt;
  if (const auto manifest = find_built(planned, arch, environment.store))
    return Built{.manifest = *manifest, .origin = Origin::store};
  if (!environment.remote || !environment.remote->find) return std::nullopt;
  if (!options.pull || options.dry_run) {
    const auto manifest = environment.remote->find(planned.ref, arch.name);
    return manifest ? std::optional(Built{.manifest = *manifest, .origin = Origin::registry})
                    : std::nullopt;
  }
  if (!environment.remote->pull(planned.ref, arch.name)) return std::nullopt;
  const auto manifest = find_built(planned, arch, environment.store);
  return manifest ? std::optional(Built{.manifest = *manifest, .origin = Origin::pulled})
                  : std::nullopt;
}

}  // namespace

std::string builder_arch(const BuildEnvironment& environment, const std::string& arch) {
  return environment.builders == nullptr ? host_arch(environment.arches)
                                         : environment.builders->for_arch(arch).arch();
}

Arguments dockerfile_arguments(const PlannedPackage& package, const std::string& arch,
                               const std::string& builder_arch) {
  Arguments arguments{{"BUILDPLATFORM", "linux/" + builder_arch},
                      {"BUILDOS", "linux"},
                      {"BUILDARCH", builder_arch},
                      {"TARGETPLATFORM", "linux/" + arch},
                      {"TARGETOS", "linux"},
                      {"TARGETARCH", arch}};
  for (const std::string& argument : package.build_args) {
    const std::size_t equals = argument.find('=');
    arguments[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  return arguments;
}

std::string arch_of_platform(const std::string& platform) {
  const auto parts = text::split(platform, '/');
  if (parts.size() < 2 || parts[0] != "linux" || parts[1].empty())
    throw Error("\"" + platform + "\" is not a platform of the form linux/ARCH", ExitCode::usage);
  return parts[1];
}

Built build_package(const PlannedPackage& package, const Arch& arch,
                    const BuildEnvironment& environment, const BuildOptions& options,
                    const Log& log, std::stop_token stop) {
  const auto start = std::chrono::steady_clock::now();
  return in_context(package.ref + " for " + arch.name, [&] {
    std::optional<Built> built = find(package, arch, environment, options);
    if (!built) {
      std::vector<std::string> warnings;
      const Steps steps{environment.runner, log, stop,
                        start + environment.timeout.value_or(usual_timeout),
                        [&](const std::string& line) {
                          // Several parts of a build may meet the same.
                          if (std::find(warnings.begin(), warnings.end(), line) == warnings.end())
                            warnings.push_back(line);
                        }};
      built = build(package, arch, environment, options, steps);
      built->warnings = std::move(warnings);
    }
    built->elapsed = std::chrono::steady_clock::now() - start;
    return *built;
  });
}

}  // namespace rtfx::pkg
