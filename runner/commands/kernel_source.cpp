// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include <memory>

#include "harness/kernel/maker.hpp"
#include "runner/commands/kernel.hpp"
#include "runner/commands/table.hpp"

namespace rtfx::commands {

namespace {

constexpr std::chrono::minutes time_limit{20};  // it may have to be fetched

int source(const KernelFlags& flags, const Context& context) {
  const auto project = context.project();
  const PackageDefaults defaults = package_defaults(project);
  oci::Store store(context.cache_directory() / "store");
  const pkg::BuildEnvironment environment = kernel_environment(context, defaults, store);
  const pkg::Log quiet;
  const pkg::Steps steps{environment.runner, quiet, context.stop,
                         std::chrono::steady_clock::now() + time_limit};
  for (const ChosenSeries& one : chosen_series(flags, project, defaults)) {
    const kernel::Workshop workshop = kernel::workshop_of(*one.series, environment);
    print(kernel::source_tree(*one.series, workshop.sources, steps).path.string() + "\n");
  }
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_kernel_source(CLI::App& kernel, Context& context) {
  const auto flags = std::make_shared<KernelFlags>();
  CLI::App* command = kernel.add_subcommand(
      "source", "the folder with the source of each series, fetched, unpacked and patched");
  add_kernel_flags(*command, *flags);
  command->callback([&context, flags] {
    context.action = [&context, flags] { return source(*flags, context); };
  });
}

}  // namespace rtfx::commands
