// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/pkg_build.hpp"

#include <fmt/format.h>
#include <glob.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/pkg/build_all.hpp"
#include "harness/pkg/buildah.hpp"
#include "harness/pkg/docker_client.hpp"
#include "runner/commands/pkg_publish.hpp"
#include "runner/commands/pkg_report.hpp"
#include "runner/commands/platforms.hpp"
#include "runner/commands/registry_flags.hpp"
#include "runner/tree.hpp"

namespace rtfx::commands {

namespace fs = std::filesystem;

namespace {

struct BuildFlags {
  std::string platforms, skip_platforms, builders, release, dockerfile, progress = "auto",
                                                                        sbom_scanner = "false";
  std::vector<std::string> build_arg_files, ssh;
  bool force = false, pull = false, push = false, nobuild = false, manifest = true, docker = false,
       dry_run = false, offline = false, check_reproducible = false, json = false;
  bool network = false, nonetwork = false, enable_cache = false, disable_cache = false;
  unsigned jobs = 0;
  std::string timeout;
  std::shared_ptr<registry::RegistryOptions> registry;
};

/// "linux/arm64,linux/amd64" -> {"arm64", "amd64"}; every one must be known.
std::chrono::milliseconds parse_timeout(const std::string& text) {
  const auto limit = runner::parse_time_limit(text);
  if (!limit)
    throw Error("--timeout \"" + text + "\": expected seconds, or 30s, 5m or 1h", ExitCode::usage);
  return std::chrono::duration_cast<std::chrono::milliseconds>(*limit);
}

void check_flags(const PkgFlags& common, const BuildFlags& flags) {
  const auto exclude = [](bool a, bool b, const char* names) {
    if (a && b) throw Error(std::string(names) + " exclude each other", ExitCode::usage);
  };
  exclude(!flags.platforms.empty(), !flags.skip_platforms.empty(),
          "--platforms and --skip-platforms");
  exclude(flags.force, flags.nobuild, "--force and --nobuild");
  exclude(flags.force, flags.pull, "--force and --pull");
  exclude(flags.offline, flags.pull || flags.push, "--offline and what needs a registry");
  exclude(flags.network, flags.nonetwork, "--network and --nonetwork");
  exclude(flags.enable_cache, flags.disable_cache, "--enable-cache and --disable-cache");
  exclude(flags.dry_run, flags.push, "--dry-run and --push");
  if (flags.nobuild && !flags.push)
    throw Error("--nobuild is for --push: nothing would be done", ExitCode::usage);
  if (!flags.release.empty() && !flags.push)
    throw Error("--release is for --push: nothing would be released", ExitCode::usage);
  if (flags.progress != "auto" && flags.progress != "plain" && flags.progress != "tty")
    throw Error("--progress: \"" + flags.progress + "\" is none of auto, plain, tty",
                ExitCode::usage);
  if (flags.sbom_scanner != "false")
    throw Error("--sbom-scanner: only \"false\" is known; images are built without an SBOM",
                ExitCode::usage);
  if (common.tag.hash_commit != "HEAD")
    throw Error("only what is checked out can be built: --hash-commit must be HEAD here",
                ExitCode::usage);
}

pkg::BuildRequest make_request(const BuildFlags& flags, const Context& context,
                               const std::optional<runner::Project>& project,
                               const PackageDefaults& defaults) {
  pkg::BuildRequest request;
  if (!flags.platforms.empty()) {
    request.arches = parse_platforms("--platforms", flags.platforms, defaults.table);
  } else if (!context.arch.empty()) {
    for (const Arch& arch : context.target_arches(project)) request.arches.push_back(arch.name);
  } else if (project) {
    request.arches = defaults.packages.arches;
  }
  request.skip_arches = parse_platforms("--skip-platforms", flags.skip_platforms, defaults.table);
  request.options = {.force = flags.force,
                     .pull = flags.pull,
                     .check_reproducible = flags.check_reproducible,
                     .dry_run = flags.dry_run,
                     .ssh = flags.ssh};
  request.jobs = flags.jobs;
  request.log_directory = (context.cache_directory() / "logs").lexically_normal();
  if (flags.progress == "plain") {
    request.output = print_output;
  } else if (flags.progress == "tty" || ::isatty(STDERR_FILENO) == 1) {
    request.started = print_started;
  }
  return request;
}

pkg::PlanOptions make_plan_options(const PkgFlags& common, const BuildFlags& flags) {
  pkg::PlanOptions options;
  options.tag = common.tag;
  options.dockerfile = flags.dockerfile;
  if (flags.network || flags.nonetwork) options.network = flags.network;
  if (flags.enable_cache || flags.disable_cache) options.use_cache = flags.enable_cache;
  Diagnostics diagnostics;
  for (const std::string& file : flags.build_arg_files) {
    const auto arguments = pkg::read_build_arguments(file, diagnostics);
    options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  }
  diagnostics.throw_if_any();
  return options;
}

/// The directories that a word of the command line means: itself, or what it matches as a pattern.
std::vector<fs::path> expand(const fs::path& word, const std::string& build_yml) {
  std::error_code error;
  if (word.string().find_first_of("*?[") == std::string::npos || fs::exists(word, error))
    return {word};
  glob_t found{};
  const int result = ::glob(word.c_str(), 0, nullptr, &found);
  std::vector<fs::path> directories;
  for (std::size_t i = 0; result == 0 && i < found.gl_pathc; ++i) {
    if (fs::exists(fs::path(found.gl_pathv[i]) / build_yml, error))
      directories.emplace_back(found.gl_pathv[i]);
  }
  ::globfree(&found);
  if (directories.empty())
    throw Error("\"" + word.string() + "\" matches no directory with a " + build_yml,
                ExitCode::usage);
  return directories;
}

/// The packages that are meant: those of the command line, else the one around the current
/// directory. "push" is a word of LinuxKit's documents: `pkg build -org=wombat push`.
std::vector<fs::path> directories_of(const PkgFlags& common, BuildFlags& flags) {
  std::vector<fs::path> directories;
  std::error_code error;
  for (const fs::path& word : common.directories) {
    if (word == "push" && !fs::exists(word, error)) {
      flags.push = true;
      continue;
    }
    for (fs::path& directory : expand(word, common.tag.build_yml))
      directories.push_back(std::move(directory));
  }
  if (directories.empty()) directories.emplace_back(".");
  return directories;
}

/// Packages that were given and have no arch that is asked for. That none has one is an error when
/// arches were named.
void tell_skipped(const std::vector<pkg::PlannedPackage>& plan,
                  const std::vector<pkg::UnitResult>& units, const pkg::BuildRequest& request) {
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const bool has_units = std::any_of(units.begin(), units.end(),
                                       [&](const auto& unit) { return unit.package == i; });
    if (plan[i].requested && !has_units) {
      fmt::print(stderr, "Skipping {} with no architectures to build\n", plan[i].ref);
    }
  }
  if (units.empty() && !request.arches.empty() && request.skip_arches.empty()) {
    std::vector<std::string> arches;
    for (const pkg::PlannedPackage& planned : plan) {
      for (const std::string& arch : planned.package.arches) {
        if (std::find(arches.begin(), arches.end(), arch) == arches.end()) arches.push_back(arch);
      }
    }
    throw Error("nothing to build for " + text::join(request.arches, ", ") +
                    "; the packages are for " +
                    (arches.empty() ? "no arch" : text::join(arches, ", ")),
                ExitCode::nothing_to_run);
  }
}

int exit_code_of(const std::vector<pkg::UnitResult>& units) {
  const auto any = [&](pkg::UnitEnding ending) {
    return std::any_of(units.begin(), units.end(),
                       [&](const pkg::UnitResult& unit) { return unit.ending == ending; });
  };
  if (any(pkg::UnitEnding::cancelled)) return static_cast<int>(ExitCode::interrupted);
  ExitCode code = ExitCode::ok;
  for (const pkg::UnitResult& unit : units) {
    // A package that is wrong tells more than a host that lacks something.
    if (!unit.ok() && code != ExitCode::failed) code = unit.code;
  }
  return static_cast<int>(code);
}

/// --docker: what was built for the daemon's arch goes to the docker client's own daemon.
void load_into_docker(const std::vector<pkg::PlannedPackage>& plan,
                      const std::vector<pkg::UnitResult>& units, const oci::Store& store,
                      const ArchTable& table, const Context& context) {
  const std::string host = host_arch(table);
  for (const pkg::UnitResult& unit : units) {
    if (!unit.requested || unit.arch != host || !plan[unit.package].requested) continue;
    const auto manifest = store.resolve(pkg::arch_ref(unit.ref, unit.arch));
    if (!manifest) continue;
    const pkg::Log log;
    const pkg::Steps steps{process::system_runner(), log, context.stop,
                           std::chrono::steady_clock::now() + std::chrono::minutes(10)};
    pkg::load_into_docker("default", store, *manifest, unit.ref, steps);
    fmt::print(stderr, "{} loaded into docker\n", unit.ref);
  }
}

/// --docker loads for the arch of this host only, so that arch must be among those that are built.
void check_docker(const std::vector<pkg::UnitResult>& units, const ArchTable& table) {
  const std::string host = host_arch(table);
  if (std::none_of(units.begin(), units.end(), [&](const auto& unit) { return unit.arch == host; }))
    throw Error("--docker loads images for this host's arch " + host +
                    ", which is not among those that are built",
                ExitCode::usage);
}

int build(const PkgFlags& common, BuildFlags flags, const Context& context) {
  const std::vector<fs::path> directories = directories_of(common, flags);
  check_flags(common, flags);
  const std::optional<runner::Project> project = context.project();
  const PackageDefaults defaults = package_defaults(project);
  pkg::BuildRequest request = make_request(flags, context, project, defaults);
  const pkg::PlanOptions options = make_plan_options(common, flags);
  Diagnostics diagnostics;
  const auto plan = pkg::plan_packages(directories, options, defaults.packages, diagnostics);
  diagnostics.throw_if_any();

  process::Runner& runner = process::system_runner();
  const fs::path cache = context.cache_directory();
  oci::Store store(cache / "store");
  const auto make_buildah = [&] {
    return std::make_unique<pkg::BuildahBuilder>(cache / "buildah", host_arch(defaults.table));
  };
  pkg::Builders builders(pkg::BuilderChoice::from(flags.builders, defaults.table), runner,
                         defaults.table, cache / "buildah", make_buildah);
  Publisher publisher(project, *flags.registry, store, cache, context.stop);
  pkg::BuildEnvironment environment{.runner = runner,
                                    .store = store,
                                    .arches = defaults.table,
                                    .scratch = cache / "buildah",
                                    .builders = &builders};
  if (!flags.timeout.empty()) environment.timeout = parse_timeout(flags.timeout);
  if (!flags.offline) environment.remote = publisher.remote(plan);
  const auto planned_units = pkg::plan_units(plan, request, environment);
  tell_skipped(plan, planned_units, request);
  if (flags.docker) {
    check_docker(planned_units, defaults.table);
    request.options.pull = true;  // what docker is to get must be here
  }
  if (flags.push) publisher.check(plan, flags.nobuild);

  std::vector<pkg::UnitResult> units;
  if (!flags.nobuild) {
    const auto progress = [&](const pkg::UnitResult& unit) {
      if (!flags.json) print_unit(unit, plan[unit.package]);
    };
    units = pkg::build_all(plan, request, environment, progress, context.stop);
    if (flags.json) print_json(units);
    if (const int code = exit_code_of(units); code != static_cast<int>(ExitCode::ok)) return code;
    if (flags.docker) load_into_docker(plan, units, store, defaults.table, context);
  }
  if (flags.push) publisher.push(plan, planned_units, flags.release, flags.manifest);
  return static_cast<int>(ExitCode::ok);
}

void add_selection(CLI::App& command, BuildFlags& flags) {
  command.add_option("--platforms", flags.platforms, "only these: linux/ARCH[,linux/ARCH...]");
  command.add_option("--skip-platforms", flags.skip_platforms,
                     "not these: linux/ARCH[,linux/ARCH...]");
  command.add_option("--builders", flags.builders,
                     "who builds: linux/ARCH=CONTEXT[,...]; a docker context, or \"buildah\"");
  command.add_flag("--force", flags.force, "build also what the store or the registry has");
  command.add_flag("--pull", flags.pull, "take into the store what only the registry has");
  command.add_flag("--offline", flags.offline, "ask no registry for anything");
  command.add_flag("--dry-run", flags.dry_run, "print what would be built, as docker commands");
  command.add_flag("--check-reproducible", flags.check_reproducible,
                   "build everything twice; other bytes are an error that is explained");
  command.add_option("--timeout", flags.timeout, "time limit of one build; default: 20m");
  command.add_option("-j,--jobs", flags.jobs, "builds at once; default: the number of processors");
}

void add_build_settings(CLI::App& command, BuildFlags& flags) {
  command.add_option("--dockerfile", flags.dockerfile,
                     "file in each package, instead of what build.yml says");
  command
      .add_option("--build-arg-file", flags.build_arg_files,
                  "file with build arguments, NAME=VALUE a line")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_option("--ssh", flags.ssh, "forward an ssh agent: default, or ID[=SOCKET|KEY]")
      ->allow_extra_args(false);
  command.add_flag("--network", flags.network, "builds may use the network");
  command.add_flag("--nonetwork", flags.nonetwork, "builds may not use the network");
  command.add_flag("--enable-cache", flags.enable_cache, "the builder may use its cache");
  command.add_flag("--disable-cache", flags.disable_cache, "the builder may not use its cache");
  command
      .add_option("--progress", flags.progress,
                  "auto, plain (what builders print, as it comes) or tty")
      ->capture_default_str();
  command.add_option("--sbom-scanner", flags.sbom_scanner, "only \"false\": images have no SBOM");
  command.add_flag("--json", flags.json, "print the results as JSON when all is done");
}

void add_publishing(CLI::App& command, BuildFlags& flags) {
  command.add_flag("--push", flags.push, "publish the packages when all are built");
  command.add_flag("--nobuild", flags.nobuild, "with --push: publish what the store has");
  command.add_option("--release", flags.release, "with --push: publish under this tag as well");
  command.add_flag("--manifest,!--no-manifest", flags.manifest,
                   "with --push: publish TAG-ARCH as well (default)");
  command.add_flag("--docker", flags.docker,
                   "load the images for this host's arch into docker as well");
  flags.registry = add_registry_flags(command);
}

void add_command(CLI::App& pkg, const char* name, const char* what, bool push,
                 const std::shared_ptr<PkgFlags>& common, Context& context) {
  const auto flags = std::make_shared<BuildFlags>();
  flags->push = push;
  CLI::App* command = pkg.add_subcommand(name, what);
  command->add_option("DIR", common->directories,
                      "directories of packages, or patterns; default: the current one");
  add_selection(*command, *flags);
  add_build_settings(*command, *flags);
  add_publishing(*command, *flags);
  command->callback([common, flags, &context] {
    context.action = [common, flags, &context] { return build(*common, *flags, context); };
  });
}

}  // namespace

void add_pkg_build(CLI::App& pkg, const std::shared_ptr<PkgFlags>& common, Context& context) {
  add_command(pkg, "build", "build packages and what they need into the content store", false,
              common, context);
  add_command(pkg, "push", "the same as build --push", true, common, context);
}

}  // namespace rtfx::commands
