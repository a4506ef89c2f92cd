// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/build_flags.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/image/paths.hpp"
#include "runner/commands/registry_flags.hpp"

namespace rtfx::commands {

namespace {

using image::Format;

/// Formats that are written as one stream, so that they can go anywhere.
bool is_stream(Format format) { return format == Format::tar || format == Format::docker; }

std::vector<Format> formats_of(const BuildFlags& flags) {
  std::vector<Format> formats;
  for (const std::string& list : flags.formats) {
    for (const std::string& name : text::split(list, ',')) {
      const Format format = image::parse_format(name);
      if (std::find(formats.begin(), formats.end(), format) == formats.end())
        formats.push_back(format);
    }
  }
  if (formats.empty()) formats = {flags.output.empty() ? Format::kernel_initrd : Format::tar};
  for (const Format format : formats) {
    if (formats.size() > 1 && is_stream(format))
      throw Error("format " + std::string(image::format_name(format)) +
                      " must be the only one; build the others on their own",
                  ExitCode::usage);
    if (!flags.output.empty() && !is_stream(format))
      throw Error("--o is for the formats tar and docker; --name and --dir say where " +
                      std::string(image::format_name(format)) + " goes",
                  ExitCode::usage);
  }
  return formats;
}

std::string sbom_path(const std::string& text) {
  std::string path;
  try {
    path = image::normalise_path(text);
  } catch (const Error& error) {
    throw Error(std::string("--sbom-output: ") + error.what(), ExitCode::usage);
  }
  if (path.empty())
    throw Error("--sbom-output: expected a path; --no-sbom leaves the file out", ExitCode::usage);
  return path;
}

}  // namespace

std::uint64_t parse_disk_size(const std::string& text) {
  std::string number = text;
  unsigned shift = 30;
  if (number.ends_with('M')) shift = 20;
  if (number.ends_with('M') || number.ends_with('G')) number.pop_back();
  std::uint64_t value = 0;
  const auto [stop, problem] = std::from_chars(number.data(), number.data() + number.size(), value);
  const bool good = problem == std::errc() && stop == number.data() + number.size() && value > 0 &&
                    value < (1ULL << (50 - shift));
  if (!good)
    throw Error("--size: expected a size such as 512M or 2G, got \"" + text::one_line(text) + "\"",
                ExitCode::usage);
  return value << shift;
}

void check_build_flags(const BuildFlags& flags) {
  const auto exclude = [](bool a, bool b, const char* names) {
    if (a && b) throw Error(std::string(names) + " exclude each other", ExitCode::usage);
  };
  exclude(!flags.input_tar.empty(), flags.pull, "--input-tar and --pull");
  exclude(flags.offline, flags.pull, "--offline and --pull");
  exclude(!flags.output.empty(), !flags.name.empty(), "--o and --name");
  exclude(!flags.output.empty(), !flags.directory.empty(), "--o and --dir");
  exclude(flags.output == "-", flags.json, "--o - and --json");
  exclude(flags.no_sbom, flags.sbom_current_time, "--no-sbom and --sbom-current-time");
}

image::AssembleOptions options_of(const BuildFlags& flags) {
  image::AssembleOptions options;
  options.formats = formats_of(flags);
  options.compression = image::parse_compression(flags.compression);
  options.decompress_kernel = flags.decompress_kernel;
  options.disk_size = parse_disk_size(flags.size);
  if (!flags.no_sbom) options.sbom.path = sbom_path(flags.sbom_path);
  options.sbom.current_time = flags.sbom_current_time;
  options.input_tar = flags.input_tar;
  return options;
}

void add_build_flags(CLI::App& command, BuildFlags& flags) {
  command
      .add_option("FILE", flags.files, "image YAMLs, addresses of them, or -; several are merged")
      ->required();
  command
      .add_option("-f,--format", flags.formats,
                  "formats, comma separated; default: kernel+initrd, with --o tar")
      ->type_name("FORMAT")
      ->allow_extra_args(false);
  command.add_option("--name", flags.name,
                     "first part of the outputs' names; default: the last FILE's name");
  command.add_option("--dir", flags.directory, "folder of the outputs")->type_name("DIR");
  command.add_option("--o", flags.output, "the one output of tar or docker; - is standard output")
      ->type_name("FILE");
  command.add_option("--size", flags.size,
                     "size of a disk whose format has one: 512M, 2G, or 2 (GB); default 1024M");
  command.add_option("--compress", flags.compression, "of initrds: gzip (default), zstd or none")
      ->type_name("HOW");
  command.add_flag("--decompress-kernel", flags.decompress_kernel,
                   "write what is inside of a kernel compressed by gzip");
  command.add_flag("--pull", flags.pull, "ask the registries also for images that are here");
  command.add_flag("--offline", flags.offline, "ask no registry");
  command.add_flag("--docker", flags.docker, "look for images in docker first");
  command.add_flag("--no-sbom", flags.no_sbom, "leave out the list of what is in the image");
  command.add_option("--sbom-output", flags.sbom_path,
                     "path of that list in the root file system; default sbom.spdx.json");
  command.add_flag("--sbom-current-time", flags.sbom_current_time,
                   "say the current time there, so that no build repeats it");
  command
      .add_option("--input-tar", flags.input_tar,
                  "an earlier tar of rtfx build, in place of images that are not here")
      ->type_name("TAR");
  command.add_flag("--dry-run", flags.dry_run, "print the merged YAML and stop");
  command.add_flag("--json", flags.json, "print outputs and images with their digests");
  command.add_flag("--no-cache", flags.no_cache, "assemble even what was assembled before");
  command.add_flag("-q,--quiet", flags.quiet, "do not tell what is pulled");
  flags.registry = add_registry_flags(command);
}

}  // namespace rtfx::commands
