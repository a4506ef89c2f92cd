// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/cache_export.hpp"

#include <unistd.h>
#include <CLI/CLI.hpp>

#include <map>
#include <memory>

#include "base/text.hpp"
#include "harness/image/layers.hpp"
#include "harness/oci/archive.hpp"
#include "harness/oci/canonical_tar.hpp"
#include "harness/oci/contents.hpp"
#include "harness/oci/gc.hpp"
#include "harness/oci/output_file.hpp"
#include "runner/commands/cache.hpp"

namespace rtfx::commands {
namespace {

struct Flags {
  std::string image, name, platform, file, format = "oci";
  std::string arch;  ///< of --platform or --arch; empty: not chosen
};

std::string arch_of_platform(const std::string& platform) {
  const std::vector<std::string> parts = text::split(platform, '/');
  if (parts.size() != 2 || parts[0] != "linux" || parts[1].empty())
    throw Error("--platform: \"" + platform + "\" is not of the form linux/ARCH", ExitCode::usage);
  return parts[1];
}

/// What --platform linux/ARCH or else --arch chooses.
std::string chosen_arch(const Flags& flags, const Context& context) {
  if (!flags.platform.empty() && !context.arch.empty())
    throw Error("--platform and --arch exclude each other", ExitCode::usage);
  if (!flags.platform.empty()) return arch_of_platform(flags.platform);
  if (context.arch.empty()) return "";
  const std::vector<Arch> arches = context.target_arches(context.project());
  if (arches.size() != 1)
    throw Error("an image is exported for one architecture: give --arch one name", ExitCode::usage);
  return arches.front().name;
}

std::string architectures(const oci::Store& store, const oci::Descriptor& descriptor) {
  std::vector<std::string> names;
  for (const oci::Platform& platform : oci::contents_of(store, descriptor).platforms)
    names.push_back(platform.os + "/" + platform.architecture);
  return names.empty() ? "no platform" : text::join(names, ", ");
}

/// The image of one platform: the chosen one, else the only one, else that of this host.
oci::Descriptor one_image(const oci::Store& store, const oci::Descriptor& named,
                          const Flags& flags) {
  const auto platforms = oci::contents_of(store, named).platforms;
  std::string arch = host_arch(ArchTable::builtin());
  if (!flags.arch.empty())
    arch = flags.arch;
  else if (platforms.size() == 1)
    arch = platforms.front().architecture;
  const auto manifest = store.for_arch(named, arch);
  if (!manifest)
    throw Error(flags.image + " is not there for linux/" + arch + ", but for " +
                architectures(store, named) + "; choose with --platform");
  return *manifest;
}

char type_flag(image::FileType type) {
  switch (type) {
    case image::FileType::regular:
      return '0';
    case image::FileType::symlink:
      return '2';
    case image::FileType::character_device:
      return '3';
    case image::FileType::block_device:
      return '4';
    case image::FileType::directory:
      return '5';
    case image::FileType::fifo:
      return '6';
  }
  return '0';
}

oci::TarHeader header_of(const std::string& path, const image::Inode& inode) {
  oci::TarHeader header;
  header.path = inode.type == image::FileType::directory ? path + "/" : path;
  header.type = type_flag(inode.type);
  header.mode = inode.mode;
  header.uid = inode.uid;
  header.gid = inode.gid;
  header.mtime = inode.mtime < 0 ? 0 : inode.mtime;
  header.link = inode.target;
  header.device_major = inode.device_major;
  header.device_minor = inode.device_minor;
  header.xattrs = {inode.xattrs.begin(), inode.xattrs.end()};
  if (inode.type == image::FileType::regular) header.size = inode.data.size;
  return header;
}

/// The layers of the image one over the other, as one tar.
void export_filesystem(const oci::Store& store, const oci::Descriptor& manifest,
                       const std::filesystem::path& scratch, int fd, const std::string& what,
                       const std::stop_token& stop) {
  std::filesystem::create_directories(scratch);
  image::Spool spool(scratch);
  const image::Tree tree = image::flatten(store, manifest, spool, stop);
  oci::TarWriter tar([&](std::string_view bytes) { write_all(fd, bytes, what); });
  std::map<std::uint32_t, std::string> first_names;
  for (const auto& [path, entry] : tree.entries()) {
    if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
    const image::Inode& inode = tree.inode(entry);
    oci::TarHeader header = header_of(path, inode);
    const auto [first, added] = first_names.emplace(entry.inode, path);
    if (!added) {
      header.type = '1';
      header.link = first->second;
      header.size = 0;
      header.xattrs.clear();
    }
    tar.member(header);
    if (header.size > 0)
      spool.copy_to(inode.data, [&](std::string_view bytes) { tar.content(bytes); });
  }
  tar.finish();
}

void write(const Context& context, const Flags& flags, int fd, const std::string& what) {
  const oci::Store store(store_directory(context));
  const std::string known = oci::find_name(store, flags.image);
  const oci::Descriptor named = store.resolve(known).value();
  const std::string name = flags.name.empty() ? known : flags.name;
  if (flags.format == "oci") {
    const bool whole = flags.arch.empty();
    oci::export_oci_archive(store, whole ? named : one_image(store, named, flags), name, fd, what);
  } else if (flags.format == "docker") {
    oci::export_docker_archive(store, one_image(store, named, flags), name, fd, what);
  } else {
    export_filesystem(store, one_image(store, named, flags), context.cache_directory(), fd, what,
                      context.stop);
  }
}

int export_image(const Context& context, Flags& flags) {
  flags.arch = chosen_arch(flags, context);
  if (flags.file.empty()) throw Error("--outfile has no name", ExitCode::usage);
  if (flags.file == "-") {
    if (::isatty(STDOUT_FILENO) == 1)
      throw Error("an archive is not for terminals: redirect it, or give --outfile FILE",
                  ExitCode::usage);
    write(context, flags, STDOUT_FILENO, "standard output");
  } else {
    oci::OutputFile output(flags.file);
    in_context("exporting " + flags.image, [&] { write(context, flags, output.fd(), flags.file); });
    output.commit();
  }
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_cache_export(CLI::App& cache, Context& context) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* command = cache.add_subcommand("export", "write an image into a file");
  command->add_option("NAME", flags->image, "name of the image")->required();
  command->add_option("--outfile", flags->file, "file to write; - for standard output")->required();
  command->add_option("--format", flags->format, "oci, docker or filesystem (a tar of its files)")
      ->check(CLI::IsMember({"oci", "docker", "filesystem"}))
      ->capture_default_str();
  command->add_option("--platform", flags->platform,
                      "linux/ARCH of an image for several, as --arch; oci: only that one");
  command->add_option("--name", flags->name, "what the image is called in the archive");
  command->callback([flags, &context] {
    context.action = [flags, &context] { return export_image(context, *flags); };
  });
}

}  // namespace rtfx::commands
