// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/cache.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>

#include "base/text.hpp"
#include "harness/kernel/unused.hpp"
#include "harness/oci/archive.hpp"
#include "harness/oci/gc.hpp"
#include "harness/pkg/old_images.hpp"
#include "runner/commands/cache_export.hpp"
#include "runner/commands/cache_list.hpp"
#include "runner/commands/cache_registry.hpp"

namespace rtfx::commands {
namespace {

constexpr int ok = static_cast<int>(ExitCode::ok);

/// After so long, objects are of little use to the next build of a kernel.
constexpr std::chrono::hours kernels_are_kept = std::chrono::days(30);

struct Flags {
  std::string file, name;
  std::vector<std::string> names;
  bool dry_run = false;
  unsigned wait = 60;
};

int import(const Context& context, const Flags& flags) {
  oci::Store store(store_directory(context));
  if (flags.file == "-" && ::isatty(STDIN_FILENO) == 1)
    throw Error("an archive is not typed in: redirect it, or give its name", ExitCode::usage);
  const auto images =
      flags.file == "-"
          ? oci::import_archive(store, STDIN_FILENO, "standard input", flags.name, context.stop)
          : oci::import_path(store, flags.file, flags.name, context.stop);
  for (const oci::ImportedImage& image : images)
    fmt::print("{} {}\n", text::one_line(image.name), image.descriptor.digest.str());
  return ok;
}

std::string megabytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

int remove(const Context& context, const Flags& flags) {
  oci::Store store(store_directory(context));
  const oci::RemovedNames removed = oci::remove_images(store, flags.names);
  for (const std::string& name : removed.names) fmt::print("{}\n", text::one_line(name));
  if (removed.postponed)
    fmt::print(
        stderr,
        "rtfx: the blobs stay until rtfx cache gc: others are writing, or an image is damaged\n");
  return ok;
}

oci::GcOptions options_of(const Flags& flags) {
  return {flags.dry_run, std::chrono::seconds(flags.wait)};
}

/// What goes is on standard output, the sum on standard error.
int tell(const oci::Removed& removed, const Flags& flags) {
  for (const std::filesystem::path& file : removed.files) fmt::print("{}\n", file.string());
  fmt::print(stderr, "{} {} files, {}\n", flags.dry_run ? "would remove" : "removed",
             removed.files.size(), megabytes(removed.bytes));
  return ok;
}

/// The images that buildah has for builds to start from go with those of the store.
void remove_old_images(const Context& context, const oci::Store& store, const Flags& flags) {
  const std::set<Digest> kept = oci::referenced(store);
  for (const std::string& name :
       pkg::remove_old_images(context.cache_directory() / "buildah", kept, flags.dry_run,
                              process::system_runner(), context.stop))
    fmt::print("buildah image {}\n", text::one_line(name));
}

void remove_unused_kernels(const Context& context, const Flags& flags) {
  const kernel::Unused unused =
      kernel::remove_unused(context.cache_directory() / "kernels", kernels_are_kept, flags.dry_run);
  for (const std::filesystem::path& path : unused.paths) fmt::print("{}\n", path.string());
  if (unused.busy)
    fmt::print(stderr, "rtfx: a kernel is being built: what they are built from stays\n");
  if (!unused.paths.empty())
    fmt::print(stderr, "{} {} folders and downloads of kernels, {}\n",
               flags.dry_run ? "would remove" : "removed", unused.paths.size(),
               megabytes(unused.bytes));
}

int gc(const Context& context, const Flags& flags) {
  oci::Store store(store_directory(context));
  const oci::Removed removed = oci::collect_garbage(store, options_of(flags), context.stop);
  remove_old_images(context, store, flags);
  remove_unused_kernels(context, flags);
  return tell(removed, flags);
}

int clean(const Context& context, const Flags& flags) {
  oci::Store store(store_directory(context));
  const oci::Removed removed = oci::remove_everything(store, options_of(flags), context.stop);
  if (!flags.dry_run) remove_old_images(context, store, flags);
  return tell(removed, flags);
}

using Action = int (*)(const Context&, const Flags&);

CLI::App* add(CLI::App& cache, Context& context, const std::shared_ptr<Flags>& flags,
              const char* name, const char* what, Action action) {
  CLI::App* command = cache.add_subcommand(name, what);
  command->callback([flags, action, &context] {
    context.action = [flags, action, &context] { return action(context, *flags); };
  });
  return command;
}

void add_gc_flags(CLI::App& command, Flags& flags) {
  command.add_flag("--dry-run", flags.dry_run, "only say what would go");
  command.add_option("--wait", flags.wait, "seconds to wait for builds and imports that run")
      ->capture_default_str();
}

}  // namespace

std::filesystem::path store_directory(const Context& context) {
  const std::filesystem::path cache = context.cache_directory();
  std::error_code error;
  const bool layout = std::filesystem::exists(cache / "oci-layout", error);
  return layout ? cache : cache / "store";
}

void add_cache(CLI::App& app, Context& context) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* cache = app.add_subcommand("cache", "the content store: list, import, export, remove");
  cache->require_subcommand(1);
  add_cache_list(*cache, context);

  CLI::App* import_command =
      add(*cache, context, flags, "import", "take images from an archive", import);
  import_command
      ->add_option(
          "FILE", flags->file,
          "OCI or docker archive, also compressed; OCI layout directory; - for standard input")
      ->required();
  import_command->add_option("--name", flags->name, "name for the image of the archive");

  add_cache_export(*cache, context);

  CLI::App* remove_command =
      add(*cache, context, flags, "rm", "take names away, and what only they need", remove);
  remove_command->add_option("NAME", flags->names, "names of images")->required();

  add_gc_flags(*add(*cache, context, flags, "gc", "remove what no image needs", gc), *flags);
  add_gc_flags(*add(*cache, context, flags, "clean", "remove all images", clean), *flags);
  add_cache_registry(*cache, context);
}

}  // namespace rtfx::commands
