// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/kernel.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "harness/oci/store.hpp"
#include "harness/process/process.hpp"
#include "runner/commands/table.hpp"

namespace rtfx::commands {

namespace {

/// A row of `kernel list`.
struct Row {
  std::string series, flavour, ref;
  std::vector<std::string> arches, built;
};

std::vector<Row> rows_of(const std::vector<ChosenSeries>& chosen, const PackageDefaults& defaults,
                         const oci::Store& store) {
  std::vector<Row> rows;
  for (const ChosenSeries& one : chosen) {
    for (const std::string& flavour : one.flavours) {
      Diagnostics diagnostics;
      const auto plan = kernel::plan_series(one.series, {flavour}, defaults.packages, diagnostics);
      diagnostics.throw_if_any();
      Row row{one.name(), flavour, plan.front().ref, plan.front().package.arches, {}};
      for (const std::string& arch : row.arches) {
        if (store.resolve(pkg::arch_ref(row.ref, arch))) row.built.push_back(arch);
      }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

int list(const KernelFlags& flags, bool json, const Context& context) {
  const auto project = context.project();
  const PackageDefaults defaults = package_defaults(project);
  const oci::Store store(context.cache_directory() / "store");
  const std::vector<Row> rows = rows_of(chosen_series(flags, project, defaults), defaults, store);
  if (json) {
    auto all = nlohmann::ordered_json::array();
    for (const Row& row : rows)
      all.push_back({{"series", row.series},
                     {"flavour", row.flavour},
                     {"image", row.ref},
                     {"arches", row.arches},
                     {"built", row.built}});
    print(all.dump(1) + "\n");
    return static_cast<int>(ExitCode::ok);
  }
  Rows cells{{"SERIES", "FLAVOUR", "ARCHES", "BUILT", "IMAGE"}};
  for (const Row& row : rows)
    cells.push_back({row.series, row.flavour, text::join(row.arches, ","),
                     row.built.empty() ? "-" : text::join(row.built, ","), row.ref});
  print(tab_table(cells));
  return static_cast<int>(ExitCode::ok);
}

/// The names in `wanted`; each must be one of `known`.
std::vector<std::string> checked(const std::string& wanted, const std::vector<std::string>& known,
                                 const std::string& what) {
  const std::vector<std::string> names = text::split_list(wanted);
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw Error("there is no " + what + " \"" + name + "\"" + text::did_you_mean(name, known) +
                      " (known: " + text::join(known, ", ") + ")",
                  ExitCode::nothing_to_run);
  }
  return names;
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// Keeps the series that --series names.
void keep_series(const std::string& wanted, std::vector<ChosenSeries>& all) {
  std::vector<std::string> known;
  for (const ChosenSeries& one : all) known.push_back(one.name());
  const auto names = checked(wanted, known, "series");
  if (names.empty()) return;
  std::erase_if(all, [&](const ChosenSeries& one) { return !contains(names, one.name()); });
}

/// Keeps the flavours that --flavour names; a series may have none of them.
void keep_flavours(const std::string& wanted, std::vector<ChosenSeries>& all) {
  std::vector<std::string> known;
  for (const ChosenSeries& one : all) {
    for (const std::string& flavour : one.flavours) {
      if (!contains(known, flavour)) known.push_back(flavour);
    }
  }
  const auto names = checked(wanted, known, "flavour");
  if (names.empty()) return;
  for (ChosenSeries& one : all)
    std::erase_if(one.flavours, [&](const std::string& name) { return !contains(names, name); });
  std::erase_if(all, [](const ChosenSeries& one) { return one.flavours.empty(); });
}

}  // namespace

void add_kernel_flags(CLI::App& command, KernelFlags& flags) {
  command.add_option("DIR", flags.directories,
                     "folders with kernel.yml; default: those of the project");
  command.add_option("--series", flags.series, "only these series (names of their folders): A[,B]");
  command.add_option("--flavour,--flavor", flags.flavours, "only these flavours: A[,B]");
}

std::vector<ChosenSeries> chosen_series(const KernelFlags& flags,
                                        const std::optional<runner::Project>& project,
                                        const PackageDefaults& defaults) {
  std::vector<std::filesystem::path> directories = flags.directories;
  if (directories.empty() && project) directories = project->kernels;
  if (directories.empty())
    throw Error(
        project ? "rtfx.yml names no kernels (kernels: [kernel/*]); name a folder with kernel.yml"
                : "there is no rtfx.yml here that names kernels; name a folder with kernel.yml",
        ExitCode::nothing_to_run);
  Diagnostics diagnostics;
  std::vector<ChosenSeries> all;
  for (const std::filesystem::path& directory : directories) {
    auto series = std::make_shared<const kernel::Series>(kernel::load_series(
        directory, defaults.packages.org, defaults.packages.arches, diagnostics));
    std::vector<std::string> flavours;
    for (const kernel::Flavour& flavour : series->flavours) flavours.push_back(flavour.name);
    all.push_back({std::move(series), std::move(flavours)});
  }
  diagnostics.throw_if_any();
  keep_series(flags.series, all);
  keep_flavours(flags.flavours, all);
  return all;
}

std::vector<pkg::PlannedPackage> plan_of(const std::vector<ChosenSeries>& chosen,
                                         const PackageDefaults& defaults) {
  Diagnostics diagnostics;
  std::vector<pkg::PlannedPackage> plan;
  for (const ChosenSeries& one : chosen) {
    for (pkg::PlannedPackage& planned :
         kernel::plan_series(one.series, one.flavours, defaults.packages, diagnostics))
      plan.push_back(std::move(planned));
  }
  diagnostics.throw_if_any();
  return plan;
}

pkg::BuildEnvironment kernel_environment(const Context& context, const PackageDefaults& defaults,
                                         oci::Store& store) {
  return {.runner = process::system_runner(),
          .store = store,
          .arches = defaults.table,
          .scratch = context.cache_directory() / "buildah"};
}

void add_kernel(CLI::App& app, Context& context) {
  CLI::App* kernel =
      app.add_subcommand("kernel", "kernels from source: list, config, build, source");
  kernel->require_subcommand(1);
  const auto flags = std::make_shared<KernelFlags>();
  const auto json = std::make_shared<bool>(false);
  CLI::App* command = kernel->add_subcommand("list", "the kernels, and which are built");
  add_kernel_flags(*command, *flags);
  command->add_flag("--json", *json, "print JSON");
  command->callback([&context, flags, json] {
    context.action = [&context, flags, json] { return list(*flags, *json, context); };
  });
  add_kernel_config(*kernel, context);
  add_kernel_build(*kernel, context);
  add_kernel_source(*kernel, context);
}

}  // namespace rtfx::commands
