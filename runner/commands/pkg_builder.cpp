// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/pkg_builder.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "harness/pkg/builders.hpp"
#include "harness/pkg/docker_client.hpp"
#include "runner/commands/pkg.hpp"
#include "runner/commands/platforms.hpp"

namespace rtfx::commands {

namespace {

struct BuilderFlags {
  std::string builders, platforms;
};

/// The docker contexts that build for the platforms ("": for any arch).
std::set<std::string> contexts_of(const BuilderFlags& flags, const ArchTable& table,
                                  process::Runner& runner) {
  pkg::Builders builders(pkg::BuilderChoice::from(flags.builders, table), runner, table, {}, {});
  const std::vector<std::string> arches = parse_platforms("--platforms", flags.platforms, table);
  std::set<std::string> contexts;
  for (const std::string& arch : arches.empty() ? table.names() : arches) {
    if (const auto context = builders.context_for(arch)) contexts.insert(*context);
  }
  return contexts;
}

/// Runs the docker command for every context that builds, and passes its output on.
int in_every_context(const BuilderFlags& flags, const std::vector<std::string>& arguments,
                     const Context& context) {
  const PackageDefaults defaults = package_defaults(context.project());
  process::Runner& runner = process::system_runner();
  const std::set<std::string> contexts = contexts_of(flags, defaults.table, runner);
  if (contexts.empty()) fmt::print("no docker context builds; buildah keeps no steps\n");
  ExitCode code = ExitCode::ok;
  for (const std::string& name : contexts) {
    const pkg::DockerClient client(name, runner);
    client.versions(context.stop);
    fmt::print("{}:\n", client.name());
    std::fflush(stdout);
    process::Command command = client.command(arguments);
    command.timeout = std::chrono::minutes(30);
    const process::Outcome outcome = runner.run(
        command,
        [](process::Stream stream, std::string_view bytes) {
          std::FILE* to = stream == process::Stream::out ? stdout : stderr;
          std::fwrite(bytes.data(), 1, bytes.size(), to);
        },
        context.stop);
    if (outcome.ending == process::Ending::cancelled)
      throw Error("cancelled", ExitCode::interrupted);
    if (!outcome.ok()) code = ExitCode::failed;
  }
  return static_cast<int>(code);
}

}  // namespace

void add_pkg_builder(CLI::App& pkg, Context& context) {
  CLI::App* builder = pkg.add_subcommand("builder", "what the docker contexts that build keep");
  builder->require_subcommand(1);
  const auto flags = std::make_shared<BuilderFlags>();
  const auto add = [&](const char* name, const char* help, std::vector<std::string> arguments) {
    CLI::App* command = builder->add_subcommand(name, help);
    command->add_option("--builders", flags->builders, "who builds, as for pkg build");
    command->add_option("--platforms", flags->platforms, "only who builds these: linux/ARCH[,...]");
    command->callback([flags, arguments, &context] {
      context.action = [flags, arguments, &context] {
        return in_every_context(*flags, arguments, context);
      };
    });
  };
  add("du", "print how much disk it takes", {"system", "df"});
  add("prune", "remove the steps that builds have left", {"builder", "prune", "--force"});
}

}  // namespace rtfx::commands
