// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/cache_registry.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/text.hpp"
#include "harness/oci/index_merge.hpp"
#include "harness/registry/push.hpp"
#include "harness/registry/registry.hpp"
#include "runner/commands/cache.hpp"
#include "runner/commands/platforms.hpp"
#include "runner/commands/registry_flags.hpp"

namespace rtfx::commands {

namespace {

struct Flags {
  std::vector<std::string> names;
  std::shared_ptr<registry::RegistryOptions> registry;
  std::vector<std::string> platforms;
  std::string remote_name;
  bool arch_tags = false, override_tags = false;
};

/// --platform linux/ARCH, else --arch; empty: all that the image has.
std::vector<std::string> wanted_arches(const Flags& flags, const Context& context) {
  const std::optional<runner::Project> project = context.project();
  const ArchTable table = project ? project->table : ArchTable::builtin();
  std::vector<std::string> arches;
  for (const std::string& list : flags.platforms) {
    for (std::string& arch : parse_platforms("--platform", list, table))
      arches.push_back(std::move(arch));
  }
  if (!arches.empty() && !context.arch.empty())
    throw Error("--platform and --arch exclude each other", ExitCode::usage);
  if (!context.arch.empty()) {
    for (const Arch& arch : context.target_arches(project)) arches.push_back(arch.name);
  }
  return arches;
}

/// The name that the store has it under already, as it was typed, in docker's short form or in full; "" when it has none.
std::string name_in_store(const oci::Store& store, const std::string& typed,
                          const oci::Reference& reference) {
  const auto names = store.names();
  for (const std::string& name : {typed, reference.familiar(), reference.str()}) {
    if (names.contains(name)) return name;
  }
  return "";
}

std::string arches_in(const oci::Store& store, const oci::Descriptor& descriptor) {
  std::vector<std::string> arches;
  const std::string bytes = store.read(descriptor);
  if (descriptor.media_type.find("index") == std::string::npos &&
      descriptor.media_type.find("list") == std::string::npos)
    return oci::parse_image_config(store.read(oci::parse_manifest(bytes).config)).architecture;
  for (const oci::Descriptor& entry : oci::parse_index(bytes).manifests) {
    if (!entry.platform || oci::is_attestation(entry)) continue;
    const std::string& arch = entry.platform->architecture;
    if (std::find(arches.begin(), arches.end(), arch) == arches.end()) arches.push_back(arch);
  }
  return text::join(arches, ", ");
}

int pull(const Flags& flags, const Context& context) {
  const std::vector<std::string> arches = wanted_arches(flags, context);
  std::vector<oci::Reference> references;
  for (const std::string& name : flags.names) references.push_back(oci::parse_reference(name));
  registry::Client client(with_environment(*flags.registry), context.stop);
  oci::Store store(store_directory(context));
  for (std::size_t i = 0; i < references.size(); ++i) {
    const oci::Reference& reference = references[i];
    std::string name = name_in_store(store, flags.names[i], reference);
    // In full: an image YAML finds it by any way of writing it.
    if (name.empty()) name = reference.str();
    const auto pulled = client.pull(reference, store, {.arches = arches, .name = name});
    if (!pulled)
      throw Error(reference.familiar() + " is not in the registry " + reference.registry +
                  (arches.empty() ? "" : " for " + text::join(arches, ", ")));
    fmt::print("{} {} ({})\n", name, pulled->digest.str(), arches_in(store, *pulled));
    std::fflush(stdout);
  }
  return static_cast<int>(ExitCode::ok);
}

int push(const Flags& flags, const Context& context) {
  if (!flags.remote_name.empty() && flags.names.size() > 1)
    throw Error(
        "--remote-name is for one image; " + std::to_string(flags.names.size()) + " were given",
        ExitCode::usage);
  std::vector<oci::Reference> names, targets;
  for (const std::string& name : flags.names) {
    names.push_back(oci::parse_reference(name));
    targets.push_back(flags.remote_name.empty() ? names.back()
                                                : oci::parse_reference(flags.remote_name));
  }
  registry::Client client(with_environment(*flags.registry), context.stop);
  const oci::Store store(store_directory(context));
  const registry::PushOptions options{.with_arch_tags = flags.arch_tags,
                                      .override_tags = flags.override_tags,
                                      .locks = context.cache_directory() / "locks"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string name = name_in_store(store, flags.names[i], names[i]);
    const registry::PushResult result =
        registry::push(client, store, name.empty() ? flags.names[i] : name, targets[i], options);
    for (const registry::Pushed& pushed : result.tags) {
      if (pushed.change == registry::Pushed::Change::kept)
        fmt::print("{} already exists in the registry, skipping; --override replaces it\n",
                   pushed.ref);
      else
        fmt::print("{}\n", line_about(pushed));
    }
    std::fflush(stdout);
  }
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_cache_registry(CLI::App& cache, Context& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* pull_command =
      cache.add_subcommand("pull", "take images from their registries into the content store");
  pull_command->add_option("NAME", flags->names, "images: [REGISTRY/]REPOSITORY[:TAG]")->required();
  pull_command
      ->add_option("--platform,--platforms", flags->platforms,
                   "only these: linux/ARCH[,linux/ARCH...]")
      ->allow_extra_args(false);
  auto pull_registry = add_registry_flags(*pull_command);
  pull_command->callback([flags, pull_registry, &context] {
    flags->registry = pull_registry;
    context.action = [flags, &context] { return pull(*flags, context); };
  });

  CLI::App* push_command = cache.add_subcommand(
      "push", "publish images of the content store; other arches of an index stay");
  push_command->add_option("NAME", flags->names, "images in the content store")->required();
  push_command->add_option("--remote-name", flags->remote_name,
                           "publish under this name instead of its own");
  push_command->add_flag("--with-arch-tags", flags->arch_tags, "also as TAG-ARCH, for each arch");
  push_command->add_flag("--override", flags->override_tags, "also when the tag is there already");
  auto push_registry = add_registry_flags(*push_command);
  push_command->callback([flags, push_registry, &context] {
    flags->registry = push_registry;
    context.action = [flags, &context] { return push(*flags, context); };
  });
}

}  // namespace rtfx::commands
