// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/command.hpp"

#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::commands {

std::filesystem::path Context::cache_directory() const {
  if (!cache.empty()) return std::filesystem::absolute(cache);
  for (const char* name : {"RTFX_CACHE", "LINUXKIT_CACHE"}) {
    const std::string directory = environment(name);
    if (!directory.empty()) return std::filesystem::absolute(directory);
  }
  return rtfx::cache_directory();
}

std::optional<runner::Project> Context::project() const {
  const std::optional<std::filesystem::path> file =
      runner::find_project_file(std::filesystem::current_path());
  if (!file) return std::nullopt;
  Diagnostics diagnostics;
  runner::Project project = runner::load_project(*file, diagnostics);
  diagnostics.throw_if_any();
  return project;
}

runner::Project Context::require_project() const {
  std::optional<runner::Project> found = project();
  if (!found) {
    throw Error("there is no rtfx.yml in " + std::filesystem::current_path().string() +
                    " or above it; change to the project's folder, or write one (docs/rtfx-yml.md)",
                ExitCode::usage);
  }
  return *std::move(found);
}

std::vector<Arch> Context::target_arches(const std::optional<runner::Project>& project) const {
  const ArchTable builtin = ArchTable::builtin();
  const ArchTable& table = project ? project->table : builtin;
  if (arch.empty()) return {table.find(host_arch(table))};
  std::vector<Arch> rows;
  for (const std::string& name : text::split_list(arch)) {
    if (name != "all") {
      rows.push_back(table.find(name));
    } else if (project) {
      for (const Arch& row : project->all_arch_rows()) rows.push_back(row);
    } else {
      for (const std::string& known : table.names()) rows.push_back(table.find(known));
    }
  }
  return rows;
}

}  // namespace rtfx::commands
