// SPDX-License-Identifier: Apache-2.0
//
// What the kernel commands share: which kernels are meant.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/kernel/plan.hpp"
#include "harness/pkg/build.hpp"
#include "runner/commands/pkg.hpp"

namespace CLI {
class App;
}

namespace rtfx::commands {

/// The flags that choose kernels.
struct KernelFlags {
  std::vector<std::filesystem::path> directories;  ///< of series; empty: the project's
  std::string series, flavours;                    ///< comma separated; empty: all
};
void add_kernel_flags(CLI::App& command, KernelFlags& flags);

/// A series with those of its flavours that are meant, by name.
struct ChosenSeries {
  std::shared_ptr<const kernel::Series> series;
  std::vector<std::string> flavours;

  std::string name() const { return series->directory.filename().string(); }
};

/// Throws Error: wrong files (ExitCode::usage), or a series or flavour that nobody has (ExitCode::nothing_to_run).
std::vector<ChosenSeries> chosen_series(const KernelFlags& flags,
                                        const std::optional<runner::Project>& project,
                                        const PackageDefaults& defaults);
/// The packages of all of them.
std::vector<pkg::PlannedPackage> plan_of(const std::vector<ChosenSeries>& chosen,
                                         const PackageDefaults& defaults);

/// For sources and configurations, of which nothing is built. Refers to `defaults` and `store`.
pkg::BuildEnvironment kernel_environment(const Context& context, const PackageDefaults& defaults,
                                         oci::Store& store);

void add_kernel_build(CLI::App& kernel, Context& context);
void add_kernel_config(CLI::App& kernel, Context& context);
void add_kernel_source(CLI::App& kernel, Context& context);

}  // namespace rtfx::commands
