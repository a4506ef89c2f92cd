// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/image/image.hpp"
#include "harness/oci/reference.hpp"
#include "harness/pkg/package.hpp"
#include "runner/commands/pkg.hpp"

namespace rtfx::commands {

namespace {

struct BuildFlags {
  std::vector<std::filesystem::path> files;
  std::string name, format = "kernel+initrd";
  std::filesystem::path directory = ".";
  bool dry_run = false, json = false, no_cache = false;
};

/// Resolves @pkg: to tags and remembers which directory each is built from.
class Packages {
 public:
  explicit Packages(const std::optional<runner::Project>& project)
      : names_(package_defaults(project).packages) {}

  std::string resolve(const std::filesystem::path& base, const std::string& path) {
    const pkg::NamedPackage package = names_.named(base / path);
    directories_[package.ref] =
        package.package.directory.lexically_proximate(std::filesystem::current_path());
    return package.ref;
  }
  /// "; build it with ..." when the image is that of a package of this project.
  std::string how_to_build(const std::string& ref, const std::string& arch) const {
    const auto known = directories_.find(ref);
    if (known == directories_.end()) return "";
    return fmt::format("; build it with: rtfx pkg build --platforms linux/{} {}", arch,
                       known->second.string());
  }

 private:
  pkg::PackageNames names_;
  std::map<std::string, std::filesystem::path> directories_;
};

std::string without_tag(const std::string& ref) {
  const std::size_t colon = ref.rfind(':'), slash = ref.rfind('/');
  const bool tagged = colon != std::string::npos && (slash == std::string::npos || colon > slash);
  return tagged ? ref.substr(0, colon) : ref;
}

/// The images that a release tests (file $RTFX_SUBJECTS): what is booted must be exactly what will
/// be published.
class Subjects {
 public:
  explicit Subjects(const std::string& file, const std::string& arch) : file_(file) {
    int number = 0;
    for (const std::string& line : text::split(file.empty() ? "" : read_file(file), '\n')) {
      ++number;
      if (text::trim(line).empty()) continue;
      try {
        const auto json = nlohmann::json::parse(line);
        if (json.at("arch") != arch) continue;
        const std::string name = json.at("name").get<std::string>();
        digests_.insert_or_assign(oci::expand_reference(name),
                                  Digest::parse(json.at("digest").get<std::string>()));
        names_[without_tag(oci::expand_reference(name))] = name;
      } catch (const nlohmann::json::exception&) {
        throw Error(fmt::format("{}:{}: expected {{\"name\": ..., \"arch\": ..., \"digest\": ...}}",
                                file, number),
                    ExitCode::usage);
      }
    }
  }

  void check(const std::vector<image::UsedImage>& images) const {
    std::vector<std::string> problems;
    for (const image::UsedImage& image : images) {
      const std::string ref = oci::expand_reference(image.ref);
      const auto listed = digests_.find(ref);
      const auto other = names_.find(without_tag(ref));
      if (listed != digests_.end() && listed->second != image.digest) {
        problems.push_back(
            fmt::format("image {} is {} in the content store, but {} is what {} says is tested",
                        image.ref, image.digest.str(), listed->second.str(), file_));
      } else if (listed == digests_.end() && other != names_.end()) {
        problems.push_back(fmt::format("image {} is not what is tested: {} lists {}", image.ref,
                                       file_, other->second));
      }
    }
    if (!problems.empty()) throw Error(text::join(problems, "\n"));
  }

 private:
  std::string file_;
  std::map<std::string, Digest> digests_;
  std::map<std::string, std::string> names_;
};

/// Every image must be there; each that is not gets its line.
void check_images(const image::ImageSpec& spec, const oci::Store& store, const std::string& arch,
                  const Packages& packages) {
  std::vector<std::string> problems;
  for (const std::string& ref : image::image_refs(spec)) {
    try {
      image::find_manifest(store, ref, arch);
    } catch (const Error& error) {
      problems.push_back(error.what() + packages.how_to_build(ref, arch));
    }
  }
  if (!problems.empty()) throw Error(text::join(problems, "\n"));
}

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

void check_files(const std::vector<std::filesystem::path>& files) {
  for (const std::filesystem::path& file : files) {
    if (file == "-")
      throw Error("an image on standard input is not supported yet; give a file", ExitCode::usage);
    if (file.string().starts_with("http://") || file.string().starts_with("https://"))
      throw Error(file.string() + ": images at URLs are not supported yet; give a file",
                  ExitCode::usage);
  }
}

int build(const BuildFlags& flags, const Context& context) {
  check_files(flags.files);
  image::AssembleOptions options;
  options.format = image::parse_format(flags.format);
  const std::optional<runner::Project> project = context.project();
  const std::vector<Arch> arches = context.target_arches(project);
  if (arches.size() != 1)
    throw Error("an image is for one architecture: give --arch one name", ExitCode::usage);
  options.arch = arches.front().name;

  Packages packages(project);
  Diagnostics diagnostics;
  const auto resolve = [&](const std::filesystem::path& base, const std::string& path) {
    return packages.resolve(base, path);
  };
  const auto spec = image::load_image(flags.files, resolve, diagnostics);
  diagnostics.throw_if_any();
  if (flags.dry_run) {
    fmt::print("{}", image::merged_yaml(*spec));
    return static_cast<int>(ExitCode::ok);
  }

  options.directory = flags.directory;
  if (!std::filesystem::is_directory(options.directory))
    throw Error("--dir: " + options.directory.string() + " is not a directory", ExitCode::usage);
  options.name = flags.name.empty() ? flags.files.back().stem().string() : flags.name;
  if (options.name.find('/') != std::string::npos)
    throw Error("--name: \"" + options.name + "\" is not a file name; --dir names the folder",
                ExitCode::usage);
  const std::filesystem::path cache = context.cache_directory();
  if (!flags.no_cache) options.cache = cache / "images";
  const Subjects subjects(environment("RTFX_SUBJECTS"), options.arch);
  options.accept = [&](const std::vector<image::UsedImage>& images) { subjects.check(images); };

  const oci::Store store(cache / "store");
  check_images(*spec, store, options.arch, packages);
  const image::Assembled assembled = image::assemble(*spec, store, options, context.stop);
  for (const std::string& warning : assembled.warnings)
    fmt::print(stderr, "rtfx: warning: {}\n", warning);
  if (flags.json) {
    print_json(assembled, options.arch);
  } else if (context.verbosity > 0) {
    for (const image::UsedImage& image : assembled.images)
      fmt::print(stderr, "{} {}\n", image.ref, image.digest.str());
    for (const auto& path : assembled.outputs)
      fmt::print(stderr, "{}{}\n", path.string(), assembled.cached ? " (as before)" : "");
  }
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_build(CLI::App& app, Context& context) {
  auto flags = std::make_shared<BuildFlags>();
  CLI::App* command = app.add_subcommand("build", "assemble a bootable image from its YAML");
  command->add_option("FILE", flags->files, "image YAMLs; several are merged")->required();
  command->add_option("-f,--format", flags->format, "kernel+initrd (default) or tar")
      ->type_name("FORMAT");
  command->add_option("--name", flags->name,
                      "outputs are NAME-kernel, NAME-initrd.img and NAME-cmdline, or NAME.tar; "
                      "default: the last FILE's name");
  command->add_option("--dir", flags->directory, "folder of the outputs")->type_name("DIR");
  command->add_flag("--dry-run", flags->dry_run, "print the merged YAML and stop");
  command->add_flag("--json", flags->json, "print outputs and images with their digests");
  command->add_flag("--no-cache", flags->no_cache, "assemble even what was assembled before");
  command->callback(
      [flags, &context] { context.action = [flags, &context] { return build(*flags, context); }; });
}

}  // namespace rtfx::commands
