// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/pkg.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <memory>

#include "harness/oci/reference.hpp"
#include "runner/commands/pkg_build.hpp"
#include "runner/commands/pkg_builder.hpp"
#include "runner/commands/pkg_index.hpp"

namespace rtfx::commands {

namespace {

int show_tag(const PkgFlags& flags, bool canonical, const Context& context) {
  pkg::PackageNames names(package_defaults(context.project()).packages, flags.tag);
  Diagnostics diagnostics;
  std::string output;
  for (const auto& directory : flags.directories) {
    if (const auto package = names.find(directory, diagnostics))
      output += (canonical ? oci::expand_reference(package->ref) : package->ref) + "\n";
  }
  diagnostics.throw_if_any();
  fmt::print("{}", output);
  return static_cast<int>(ExitCode::ok);
}

void add_tag_flags(CLI::App& app, PkgFlags& flags) {
  app.add_option("--build-yml", flags.tag.build_yml, "name of the file that describes a package")
      ->capture_default_str();
  app.add_option("--org", flags.tag.org, "organisation, instead of what build.yml says");
  app.add_option("--hash", flags.tag.hash, "use this as the hash");
  app.add_option("--hash-commit", flags.tag.hash_commit, "commit whose tree gives the hash")
      ->capture_default_str();
  app.add_option("--hash-path", flags.tag.hash_path,
                 "hash this directory, which the packages are in");
  app.add_option("--tag", flags.tag.tag, "template of the tag, for example v1-{{.Hash}}");
  app.add_flag("--dev", flags.tag.dev, "organisation $USER and hash \"dev\"");
  app.add_flag("--force-dirty", flags.tag.force_dirty, "treat packages as changed");
}

}  // namespace

PackageDefaults package_defaults(const std::optional<runner::Project>& project) {
  PackageDefaults defaults;
  if (project) {
    defaults.packages = project->package_settings();
    defaults.table = project->table;
  } else {
    defaults.packages.arches = defaults.table.names();
  }
  return defaults;
}

void add_pkg(CLI::App& app, Context& context) {
  auto flags = std::make_shared<PkgFlags>();
  CLI::App* pkg = app.add_subcommand("pkg", "packages: their tags, building and publishing them");
  pkg->require_subcommand(1);
  add_tag_flags(*pkg, *flags);

  CLI::App* tag = pkg->add_subcommand("show-tag", "print the full name and tag of packages");
  tag->add_option("DIR", flags->directories, "directories of packages")->required();
  const auto canonical = std::make_shared<bool>(false);
  tag->add_flag("--canonical", *canonical, "with the registry's name");
  tag->callback([flags, canonical, &context] {
    context.action = [flags, canonical, &context] { return show_tag(*flags, *canonical, context); };
  });
  add_pkg_build(*pkg, flags, context);
  add_pkg_index(*pkg, flags, context);
  add_pkg_builder(*pkg, context);
}

}  // namespace rtfx::commands
