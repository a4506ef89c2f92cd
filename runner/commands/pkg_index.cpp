// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/pkg_index.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "base/text.hpp"
#include "harness/oci/reference.hpp"
#include "harness/registry/push.hpp"
#include "runner/commands/registry_flags.hpp"

namespace rtfx::commands {

namespace {

struct Flags {
  std::string release, from, to;
};

/// The arches of the package first, then the others that are known: somebody may have published one of those.
std::vector<std::string> arches_to_ask(const pkg::Package& package, const ArchTable& table) {
  std::vector<std::string> arches = package.arches;
  for (const std::string& known : table.names()) {
    if (std::find(arches.begin(), arches.end(), known) == arches.end()) arches.push_back(known);
  }
  return arches;
}

int index(const PkgFlags& flags, const std::string& release,
          const registry::RegistryOptions& options, const Context& context) {
  const std::optional<runner::Project> project = context.project();
  const PackageDefaults defaults = package_defaults(project);
  const pkg::NamedPackage package =
      pkg::PackageNames(defaults.packages, flags.tag).named(flags.directories.front());
  const oci::Reference reference = oci::parse_reference(published_name(project, package.ref));
  registry::Client client(with_environment(options), context.stop);
  const std::vector<std::string> releases =
      release.empty() ? std::vector<std::string>{} : std::vector{release};
  const auto done =
      registry::push_index(client, reference, arches_to_ask(package.package, defaults.table),
                           releases, context.cache_directory() / "locks");
  for (const registry::Pushed& pushed : done) fmt::print("{}\n", line_about(pushed));
  const std::vector<std::string>& there = done.front().arches;
  for (const std::string& arch : package.package.arches) {
    if (std::find(there.begin(), there.end(), arch) == there.end())
      fmt::print(stderr, "rtfx: {} has no {} yet: there is no tag {}-{}\n", reference.familiar(),
                 arch, reference.familiar(), arch);
  }
  return static_cast<int>(ExitCode::ok);
}

int remote_tag(const Flags& flags, const registry::RegistryOptions& options,
               const Context& context) {
  const oci::Reference from = oci::parse_reference(flags.from);
  const oci::Reference to = oci::parse_reference(flags.to);
  registry::Client client(with_environment(options), context.stop);
  const registry::Pushed done =
      registry::copy_tag(client, from, to, context.cache_directory() / "locks");
  if (done.change == registry::Pushed::Change::unchanged)
    fmt::print("{} is identical to {}, skipping\n", done.ref, from.familiar());
  else
    fmt::print("{}\n", line_about(done));
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_pkg_index(CLI::App& pkg, std::shared_ptr<PkgFlags> flags, Context& context) {
  auto own = std::make_shared<Flags>();
  CLI::App* index_command =
      pkg.add_subcommand("index", "make the index of a package from its arch tags in the registry");
  index_command->alias("manifest");
  index_command->add_option("DIR", flags->directories, "directory of the package")
      ->required()
      ->expected(1);
  index_command->add_option("--release", own->release, "this tag gets the same index");
  auto index_registry = add_registry_flags(*index_command);
  index_command->callback([flags, own, index_registry, &context] {
    context.action = [flags, own, index_registry, &context] {
      return index(*flags, own->release, *index_registry, context);
    };
  });

  CLI::App* tag_command =
      pkg.add_subcommand("remote-tag", "give an image that is in a registry another name there");
  tag_command->add_option("FROM", own->from, "its name")->required();
  tag_command->add_option("TO", own->to, "another name, in any repository")->required();
  // linuxkit takes it and does nothing with it.
  tag_command->add_option("--release", own->release)->group("");
  auto tag_registry = add_registry_flags(*tag_command);
  tag_command->callback([own, tag_registry, &context] {
    context.action = [own, tag_registry, &context] {
      return remote_tag(*own, *tag_registry, context);
    };
  });
}

}  // namespace rtfx::commands
