// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include <sys/utsname.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/kernel/compile.hpp"
#include "harness/kernel/maker.hpp"
#include "runner/commands/kernel.hpp"
#include "runner/commands/table.hpp"

namespace rtfx::commands {

namespace {

constexpr std::chrono::minutes time_limit{20};  // the source may have to be fetched and unpacked

/// The configuration of one kernel.
struct Configured {
  std::string name;  ///< what differs between those that are shown: "arm64", "6.12 qemu arm64"
  std::string text;
  kernel::Config options;
};

/// Makes the configurations of all that is chosen.
std::vector<Configured> configure(const std::vector<ChosenSeries>& chosen,
                                  const std::vector<Arch>& arches, const PackageDefaults& defaults,
                                  const Context& context) {
  oci::Store store(context.cache_directory() / "store");
  const pkg::BuildEnvironment environment = kernel_environment(context, defaults, store);
  const pkg::Log quiet;
  const pkg::Steps steps{environment.runner, quiet, context.stop,
                         std::chrono::steady_clock::now() + time_limit};
  utsname host{};
  ::uname(&host);
  std::vector<Configured> all;
  for (const ChosenSeries& one : chosen) {
    const kernel::Workshop workshop = kernel::workshop_of(*one.series, environment);
    const kernel::SourceTree source = source_tree(*one.series, workshop.sources, steps);
    for (const std::string& name : one.flavours) {
      const kernel::Flavour& flavour = one.series->flavour(name);
      for (const Arch& arch : arches) {
        if (std::find(flavour.arches.begin(), flavour.arches.end(), arch.name) ==
            flavour.arches.end())
          continue;
        const kernel::Toolchain tools =
            kernel::find_toolchain(arch, host.machine, true, environment.runner);
        const std::string text = kernel::configuration(
            *one.series, flavour, arch, source, tools,
            kernel::folder_of(workshop.folder, *one.series, flavour, arch, source), steps);
        all.push_back(
            {one.name() + " " + name + " " + arch.name, text, kernel::parse_config(text)});
      }
    }
  }
  if (all.empty())
    throw Error("none of these kernels is for the arches that are asked for; see rtfx kernel list",
                ExitCode::nothing_to_run);
  return all;
}

/// The words that all names have in common are no help.
void shorten(std::vector<Configured>& all) {
  constexpr std::size_t words = 3;
  std::vector<std::string> short_names(all.size());
  for (std::size_t word = 0; word < words; ++word) {
    std::set<std::string> different;
    for (const Configured& one : all) different.insert(text::split(one.name, ' ')[word]);
    if (different.size() < 2) continue;
    for (std::size_t i = 0; i < all.size(); ++i)
      short_names[i] += (short_names[i].empty() ? "" : " ") + text::split(all[i].name, ' ')[word];
  }
  for (std::size_t i = 0; i < all.size(); ++i) all[i].name = short_names[i];
}

std::string value_of(const kernel::Config& options, const std::string& name) {
  const auto found = options.find(name);
  return found == options.end() ? "-" : found->second;
}

/// The options that are not the same everywhere.
std::string differences(const std::vector<Configured>& all) {
  std::set<std::string> names;
  for (const Configured& one : all) {
    for (const auto& [name, value] : one.options) names.insert(name);
  }
  Rows rows{{"OPTION"}};
  for (const Configured& one : all) rows.front().push_back(one.name);
  for (const std::string& name : names) {
    std::vector<std::string> row{name};
    std::set<std::string> values;
    for (const Configured& one : all) {
      row.push_back(value_of(one.options, name));
      values.insert(row.back());
    }
    if (values.size() > 1) rows.push_back(std::move(row));
  }
  return tab_table(rows);
}

std::string as_json(const std::vector<Configured>& all) {
  auto json = nlohmann::ordered_json::array();
  for (const Configured& one : all) {
    const auto words = text::split(one.name, ' ');
    json.push_back({{"series", words[0]},
                    {"flavour", words[1]},
                    {"arch", words[2]},
                    {"options", nlohmann::json(one.options)}});
  }
  return json.dump(1) + "\n";
}

int config(const KernelFlags& flags, bool json, const Context& context) {
  const auto project = context.project();
  const PackageDefaults defaults = package_defaults(project);
  std::vector<Configured> all = configure(chosen_series(flags, project, defaults),
                                          context.target_arches(project), defaults, context);
  if (json) {
    print(as_json(all));
  } else if (all.size() == 1) {
    print(all.front().text);
  } else {
    shorten(all);
    print(differences(all));
  }
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_kernel_config(CLI::App& kernel, Context& context) {
  const auto flags = std::make_shared<KernelFlags>();
  const auto json = std::make_shared<bool>(false);
  CLI::App* command = kernel.add_subcommand(
      "config",
      "the merged configuration of a kernel; of several, what they do not have in common");
  add_kernel_flags(*command, *flags);
  command->add_flag("--json", *json, "all options of each, as JSON");
  command->callback([&context, flags, json] {
    context.action = [&context, flags, json] { return config(*flags, *json, context); };
  });
}

}  // namespace rtfx::commands
