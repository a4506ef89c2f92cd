// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "harness/image/image.hpp"
#include "runner/commands/boot_loaders.hpp"
#include "runner/commands/build_flags.hpp"
#include "runner/commands/build_images.hpp"
#include "runner/commands/build_input.hpp"
#include "runner/commands/build_output.hpp"
#include "runner/commands/cache.hpp"
#include "runner/commands/registry_flags.hpp"

namespace rtfx::commands {

namespace {

void print_json(const image::Assembled& assembled, const std::string& arch) {
  nlohmann::ordered_json json;
  json["arch"] = arch;
  json["cached"] = assembled.cached;
  json["outputs"] = nlohmann::ordered_json::array();
  for (const auto& path : assembled.outputs) {
    nlohmann::ordered_json item;
    item["path"] = path.string();
    item["digest"] = Digest::of_file(path).str();
    json["outputs"].push_back(std::move(item));
  }
  json["images"] = nlohmann::ordered_json::array();
  for (const image::UsedImage& image : assembled.images) {
    nlohmann::ordered_json item;
    item["ref"] = image.ref;
    item["digest"] = image.digest.str();
    json["images"].push_back(std::move(item));
  }
  json["warnings"] = assembled.warnings;
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

void report(const image::Assembled& assembled, const BuildFlags& flags, const Context& context,
            const std::string& arch) {
  for (const std::string& warning : assembled.warnings)
    fmt::print(stderr, "rtfx: warning: {}\n", warning);
  if (flags.json) {
    print_json(assembled, arch);
  } else if (context.verbosity > 0) {
    for (const image::UsedImage& image : assembled.images)
      fmt::print(stderr, "{} {}\n", image.ref, image.digest.str());
    for (const auto& path : assembled.outputs)
      fmt::print(stderr, "{}{}\n", path.string(), assembled.cached ? " (as before)" : "");
  }
}

Arch target_arch(const Context& context, const std::optional<runner::Project>& project) {
  const std::vector<Arch> arches = context.target_arches(project);
  if (arches.size() != 1)
    throw Error("an image is for one architecture: give --arch one name", ExitCode::usage);
  return arches.front();
}

std::shared_ptr<const image::ImageSpec> load(const BuildFlags& flags,
                                             const registry::RegistryOptions& registry,
                                             Packages& packages, const Context& context) {
  Diagnostics diagnostics;
  const auto resolve = [&](const std::filesystem::path& base, const std::string& path) {
    return packages.resolve(base, path);
  };
  const auto spec = image::load_image(read_inputs(flags.files, registry.cert_files, context.stop),
                                      resolve, diagnostics);
  diagnostics.throw_if_any();
  return spec;
}

/// Folder and name of the outputs; with --o, of the one that is delivered from there.
std::unique_ptr<SingleOutput> choose_outputs(const BuildFlags& flags,
                                             const std::filesystem::path& cache,
                                             image::AssembleOptions& options) {
  if (!flags.output.empty()) {
    std::filesystem::create_directories(cache);
    auto single = std::make_unique<SingleOutput>(flags.output, cache);
    options.directory = single->directory();
    options.name = "output";
    return single;
  }
  options.directory = flags.directory.empty() ? "." : flags.directory;
  if (!std::filesystem::is_directory(options.directory))
    throw Error("--dir: " + options.directory.string() + " is not a directory", ExitCode::usage);
  options.name = flags.name.empty() ? default_name(flags.files) : flags.name;
  if (options.name.empty() || options.name.find('/') != std::string::npos)
    throw Error("--name: \"" + options.name + "\" is not a file name; --dir names the folder",
                ExitCode::usage);
  return nullptr;
}

int build(const BuildFlags& flags, const Context& context) {
  check_build_flags(flags);
  image::AssembleOptions options = options_of(flags);
  const std::optional<runner::Project> project = context.project();
  options.arch = target_arch(context, project);
  image::check_formats(options.formats, options.arch);
  Packages packages(project);
  const auto spec = load(flags, *flags.registry, packages, context);
  if (flags.dry_run) {
    fmt::print("{}", image::readable_yaml(*spec));
    return static_cast<int>(ExitCode::ok);
  }

  const std::filesystem::path cache = context.cache_directory();
  const auto single = choose_outputs(flags, cache, options);
  if (!flags.no_cache) options.cache = cache / "images";
  const Subjects subjects(environment("RTFX_SUBJECTS"), options.arch.name);
  options.accept = [&](const std::vector<image::UsedImage>& images) { subjects.check(images); };

  options.boot_loader_file = [&](const Arch& arch, const std::string& package,
                                 const std::filesystem::path& file) {
    return find_boot_loader(arch, package, file, cache, context.stop);
  };

  oci::Store store(store_directory(context));
  if (flags.docker && !flags.pull)
    options.given = images_of_docker(*spec, store, options.arch, context.stop);
  require_images(*spec, store, options,
                 {project, packages, subjects, *flags.registry, flags.pull, flags.offline,
                  flags.quiet, context.stop});
  image::Assembled assembled = image::assemble(*spec, store, options, context.stop);
  if (single) single->deliver(assembled);
  report(assembled, flags, context, options.arch.name);
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_build(CLI::App& app, Context& context) {
  auto flags = std::make_shared<BuildFlags>();
  CLI::App* command = app.add_subcommand("build", "assemble a bootable image from its YAML");
  add_build_flags(*command, *flags);
  command->callback(
      [flags, &context] { context.action = [flags, &context] { return build(*flags, context); }; });
}

}  // namespace rtfx::commands
