// SPDX-License-Identifier: Apache-2.0
#include "runner/project.hpp"

#include <glob.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "base/yaml.hpp"

namespace rtfx::runner {
namespace {

namespace fs = std::filesystem;

/// What a shell would make of PATTERN below `root`, sorted; a plain path that exists is itself.
std::vector<fs::path> expand(const fs::path& root, const std::string& pattern) {
  glob_t matches{};
  std::vector<fs::path> paths;
  if (::glob((root / pattern).c_str(), 0, nullptr, &matches) == 0) {
    for (std::size_t i = 0; i < matches.gl_pathc; ++i) {
      paths.push_back(fs::path(matches.gl_pathv[i]).lexically_normal());
    }
  }
  ::globfree(&matches);
  return paths;
}

/// The keys `key: [patterns]`; every pattern must find something that `wanted` accepts.
template <typename Wanted>
std::vector<fs::path> paths(yaml::MapReader& reader, const fs::path& root, const char* key,
                            const char* what, Wanted wanted) {
  std::vector<fs::path> all;
  for (const yaml::Node* item : reader.list(key)) {
    if (item->kind != yaml::Node::Kind::scalar) {
      reader.error(item->where, std::string(key) + ": expected a path or pattern, got " +
                                    yaml::kind_name(*item));
      continue;
    }
    bool found = false;
    for (const fs::path& path : expand(root, item->scalar)) {
      if (!wanted(path)) continue;
      found = true;
      if (std::find(all.begin(), all.end(), path) == all.end()) all.push_back(path);
    }
    if (!found)
      reader.error(item->where, std::string(key) + ": \"" + item->scalar + "\" finds no " + what);
  }
  return all;
}

VirtioBus read_virtio(yaml::MapReader& reader, VirtioBus fallback) {
  const yaml::Node* value = reader.get("virtio");
  if (value == nullptr) return fallback;
  if (value->scalar == "pci") return VirtioBus::pci;
  if (value->scalar == "ccw") return VirtioBus::ccw;
  if (value->scalar == "mmio") return VirtioBus::mmio;
  reader.error(value->where, "virtio: expected pci, ccw or mmio, got " + yaml::kind_name(*value));
  return fallback;
}

/// `machine:` of an arch: a new row of the table, or what differs from the row that is there.
void read_row(const yaml::Node& node, const std::string& name, ArchTable& table,
              Diagnostics& diagnostics) {
  const std::vector<std::string> known = table.names();
  Arch row;
  if (std::find(known.begin(), known.end(), name) != known.end()) row = table.find(name);
  row.name = name;
  yaml::MapReader reader(node, "arches." + name + ".machine", diagnostics);
  const auto text = [&](const char* key, std::string& field, bool needed) {
    if (needed && field.empty()) {
      field = reader.required_string(key);
    } else if (const auto value = reader.string(key)) {
      field = *value;
    }
  };
  text("uname", row.uname, true);
  text("debian", row.debian, true);
  text("kernel-arch", row.kernel_arch, true);
  text("kernel-target", row.kernel_target, true);
  text("cross-prefix", row.cross_prefix, true);
  text("qemu", row.qemu, true);
  text("qemu-package", row.qemu_package, true);
  text("machine", row.machine, true);
  text("cpu", row.cpu, false);
  text("console", row.console, true);
  if (const auto arguments = reader.strings("firmware-args")) row.firmware_args = *arguments;
  row.virtio = read_virtio(reader, row.virtio);
  reader.finish();
  table.add(row);
}

pkg::TagMode read_tags(yaml::MapReader& reader, Diagnostics& diagnostics) {
  const std::string mode = reader.string_or("tags", "linuxkit");
  if (mode == "deep") return pkg::TagMode::deep;
  if (mode != "linuxkit")
    diagnostics.error(reader.get("tags")->where,
                      "tags: \"" + mode + "\" is neither \"linuxkit\" nor \"deep\"");
  return pkg::TagMode::linuxkit;
}

ProjectArch read_arch(const yaml::Node::Entry& entry, Project& project, Diagnostics& diagnostics) {
  ProjectArch arch;
  arch.name = entry.key;
  yaml::MapReader reader(entry.value, "arches." + entry.key, diagnostics);
  if (const yaml::Node* stage = reader.get("stage")) {
    arch.first_class = stage->scalar == "first-class";
    if (!arch.first_class && stage->scalar != "candidate") {
      reader.error(stage->where, "arches." + entry.key +
                                     ".stage: expected first-class or candidate, got " +
                                     yaml::kind_name(*stage));
    }
  }
  if (const auto path = reader.string("documentation")) arch.documentation = project.root / *path;
  if (const auto path = reader.string("ci")) arch.ci = project.root / *path;
  arch.maintainer = reader.string_or("maintainer", "");
  if (const yaml::Node* machine = reader.get("machine"))
    read_row(*machine, entry.key, project.table, diagnostics);
  reader.finish();

  const std::vector<std::string> known = project.table.names();
  if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
    diagnostics.error(entry.where,
                      "arches: unknown arch \"" + entry.key + "\"" +
                          text::did_you_mean(entry.key, known) +
                          "; a new one needs its row under machine: (docs/rtfx-yml.md)");
  }
  return arch;
}

/// Without the key, the folder "cases" if there is one.
void read_cases(yaml::MapReader& reader, Project& project, Diagnostics& diagnostics) {
  const auto given = reader.string("cases");
  const fs::path cases = (project.root / given.value_or("cases")).lexically_normal();
  if (fs::is_directory(cases)) {
    project.cases = cases;
  } else if (given) {
    diagnostics.error(reader.get("cases")->where, "cases: " + cases.string() + " is not a folder");
  }
}

/// `flaky:` of the gate: allow, block, or how many an arch may have.
std::optional<int> read_flaky(yaml::MapReader& reader) {
  const yaml::Node* value = reader.get("flaky");
  if (value == nullptr || value->scalar == "allow") return std::nullopt;
  if (value->scalar == "block") return 0;
  int number = 0;
  const char* end = value->scalar.data() + value->scalar.size();
  const auto [rest, failed] = std::from_chars(value->scalar.data(), end, number);
  if (!value->scalar.empty() && failed == std::errc{} && rest == end && number >= 0) return number;
  reader.error(
      value->where,
      "gate.flaky: expected allow, block, or how many flaky passes an arch may have, got " +
          yaml::kind_name(*value));
  return std::nullopt;
}

void read_gate(const yaml::Node& node, GateRules& gate, Diagnostics& diagnostics) {
  yaml::MapReader reader(node, "gate", diagnostics);
  reader.require("suites");
  gate.suites = reader.strings("suites").value_or(std::vector<std::string>());
  gate.optional_labels = reader.strings("optional-labels").value_or(std::vector<std::string>());
  gate.flaky = read_flaky(reader);
  reader.finish();
  if (gate.suites.empty()) {
    diagnostics.error(
        node.where,
        "gate.suites: name at least one suite; a gate that asks for nothing passes everything");
  }
}

}  // namespace

std::vector<Arch> Project::arch_rows(bool first_class) const {
  std::vector<Arch> rows;
  for (const ProjectArch& arch : arches) {
    if (arch.first_class == first_class) rows.push_back(table.find(arch.name));
  }
  return rows;
}

std::vector<Arch> Project::all_arch_rows() const {
  std::vector<Arch> rows;
  for (const ProjectArch& arch : arches) rows.push_back(table.find(arch.name));
  return rows;
}

pkg::PackageSettings Project::package_settings() const {
  pkg::PackageSettings settings{org, {}, tags};
  for (const ProjectArch& arch : arches) settings.arches.push_back(arch.name);
  return settings;
}

std::optional<fs::path> find_project_file(const fs::path& start) {
  for (fs::path directory = fs::absolute(start);; directory = directory.parent_path()) {
    const fs::path candidate = directory / "rtfx.yml";
    std::error_code unreachable;  // as good as absent
    if (fs::exists(candidate, unreachable)) return candidate;
    if (directory == directory.root_path()) return std::nullopt;
  }
}

Project load_project(const fs::path& rtfx_yml, Diagnostics& diagnostics) {
  Project project;
  project.root = fs::absolute(rtfx_yml).lexically_normal().parent_path();
  const yaml::Node root = yaml::parse_file(rtfx_yml, diagnostics);
  yaml::MapReader reader(root, "rtfx.yml", diagnostics);
  project.org = reader.string_or("org", project.org);
  project.registry = reader.string_or("registry", "");
  project.tags = read_tags(reader, diagnostics);
  if (const yaml::Node* arches = reader.get("arches")) {
    yaml::MapReader(*arches, "arches", diagnostics);
    for (const yaml::Node::Entry& entry : arches->entries) {
      project.arches.push_back(read_arch(entry, project, diagnostics));
    }
  } else {
    for (const std::string& name : project.table.names()) {
      project.arches.emplace_back();
      project.arches.back().name = name;
    }
  }
  const auto any_first_class = [](const ProjectArch& arch) { return arch.first_class; };
  if (std::none_of(project.arches.begin(), project.arches.end(), any_first_class)) {
    diagnostics.error(root.where, "arches: name at least one first-class arch");
  }
  project.packages = paths(reader, project.root, "packages", "package (a folder with build.yml)",
                           [](const fs::path& path) { return fs::exists(path / "build.yml"); });
  project.kernels = paths(reader, project.root, "kernels", "kernels (a folder with kernel.yml)",
                          [](const fs::path& path) { return fs::exists(path / "kernel.yml"); });
  project.examples = paths(reader, project.root, "examples", "file",
                           [](const fs::path& path) { return fs::is_regular_file(path); });
  read_cases(reader, project, diagnostics);
  if (const yaml::Node* gate = reader.get("gate")) read_gate(*gate, project.gate, diagnostics);
  reader.finish();
  return project;
}

}  // namespace rtfx::runner
