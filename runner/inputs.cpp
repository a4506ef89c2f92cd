// SPDX-License-Identifier: Apache-2.0
#include "runner/inputs.hpp"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <map>
#include <memory>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/image/image.hpp"
#include "harness/image/spec.hpp"
#include "harness/kernel/plan.hpp"
#include "harness/pkg/plan.hpp"
#include "harness/process/process.hpp"
#include "runner/inputs_hash.hpp"
#include "runner/select.hpp"
#include "runner/share.hpp"
#include "runner/system.hpp"

namespace rtfx::runner {
namespace {

namespace fs = std::filesystem;

/// One item, and where it stands.
struct Item {
  std::string text;
  fs::path folder;  ///< of the script that declares it
  Location where;

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(fmt::format("{}: INPUTS: {}", where.str(), what), ExitCode::usage);
  }
};

/// The groups of a case from the outside in.
std::vector<const Group*> groups_of(const Case& test) {
  std::vector<const Group*> groups;
  for (const Group* group = test.group; group; group = group->parent) groups.push_back(group);
  std::reverse(groups.begin(), groups.end());
  return groups;
}

std::vector<Item> items_of(const Case& test) {
  std::vector<Item> items;
  const auto add = [&](const Headers& headers, const fs::path& folder, const fs::path& script) {
    for (const Headers::Item& input : headers.inputs)
      items.push_back({input.text, folder, {text::one_line(script.string()), input.line}});
  };
  for (const Group* group : groups_of(test)) {
    if (group->script) add(group->headers, group->directory, *group->script);
  }
  add(test.headers, test.directory, test.script);
  return items;
}

/// What tells one build of a program from another without running it.
std::string program_identity(const std::string& name) {
  const auto path = process::find_program(name);
  if (!path) return name + " absent";
  std::error_code failed;
  const auto changed = fs::last_write_time(*path, failed).time_since_epoch().count();
  return fmt::format("{} {} {}", path->string(), fs::file_size(*path, failed), changed);
}

std::string row_text(const Arch& arch) {
  std::vector<std::string> fields{
      arch.name,        arch.uname,         arch.debian,
      arch.kernel_arch, arch.kernel_target, arch.cross_prefix,
      arch.qemu,        arch.qemu_package,  arch.machine,
      arch.cpu,         arch.console,       arch.virtio == VirtioBus::pci ? "pci" : "ccw"};
  fields.insert(fields.end(), arch.firmware_args.begin(), arch.firmware_args.end());
  return text::join(fields, "\n");
}

/// What a path means literally to glob(3).
std::string escaped(const fs::path& path) {
  std::string out;
  for (const char c : path.string()) {
    if (std::string_view("*?[]\\").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::vector<fs::path> expand(const fs::path& base, const std::string& pattern) {
  glob_t matches{};
  std::vector<fs::path> found;
  if (::glob((escaped(base) + "/" + pattern).c_str(), 0, nullptr, &matches) == 0)
    found.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  ::globfree(&matches);
  return found;
}

class KeyMaker {
 public:
  KeyMaker(const std::optional<Project>& project, const RunOptions& options)
      : project_(project), labels_(options.labels), env_(options.env) {
    // The place of the project is no input; what of it counts is declared.
    if (project_) names_ = std::make_unique<kernel::ImageNames>(project_->package_settings());
    const auto place = env_.find("RTFX_PROJECT");
    if (project_ && place != env_.end() && place->second == project_->root.string())
      env_.erase(place);
  }

  std::string key(const Case& test, const Arch& arch) {
    const std::vector<Item> items = items_of(test);
    if (items.empty()) return "";
    InputHash hash(files_);
    hash.add("rtfx inputs 1");
    hash.add(common());
    hash.add(row_text(arch));
    hash.add(program_identity(arch.qemu));
    hash.add(
        present_labels(labels_, arch, project_ ? project_->table : ArchTable::builtin()).str(","));
    hash.add(test.name);
    if (!test.group->variant.empty()) hash.add("variant " + test.group->variant);
    for (const Group* group : groups_of(test)) add_script(hash, group->script, "group.sh");
    add_script(hash, test.group->pre_test, "pre-test.sh");
    add_script(hash, test.group->post_test, "post-test.sh");
    hash.add_tree(test.directory, "case");
    for (const Item& item : items) add_item(hash, item, test);
    return hash.finish();
  }

 private:
  /// What every case depends on; read when the first one asks.
  const std::string& common() {
    if (common_.empty()) {
      InputHash hash(files_);
      hash.add(files_.of(own_program()));
      hash.add_tree(share_directory(), "share");
      for (const auto& [name, value] : env_) {
        hash.add(name);
        hash.add(value);
      }
      common_ = hash.finish();
    }
    return common_;
  }

  static void add_script(InputHash& hash, const std::optional<fs::path>& script, const char* name) {
    hash.add(script ? "has" : "has no");
    if (script) hash.add_tree(*script, name);
  }

  void add_item(InputHash& hash, const Item& item, const Case& test) {
    hash.add(item.text);
    if (item.text.starts_with("package:")) {
      add_package(hash, item, item.text.substr(8));
    } else if (item.text.starts_with("image:")) {
      add_image(hash, item, test);
    } else {
      add_files(hash, item, test);
    }
  }

  /// Where an item's paths start, and the path.
  std::pair<fs::path, std::string> place_of(const Item& item, std::string path,
                                            const Case& test) const {
    if (!path.starts_with('/')) return {item.folder, path};
    path.erase(0, path.find_first_not_of('/'));
    return {project_ ? project_->root : groups_of(test).front()->directory, path};
  }

  void add_files(InputHash& hash, const Item& item, const Case& test) {
    const auto [base, pattern] = place_of(item, item.text, test);
    const std::vector<fs::path> found = expand(base, pattern);
    if (found.empty())
      item.fail(
          fmt::format("\"{}\" finds nothing in {}", item.text, text::one_line(base.string())));
    for (const fs::path& path : found)
      hash.add_tree(path, path.string().substr(base.string().size()));
  }

  void add_package(InputHash& hash, const Item& item, const std::string& name) {
    if (!project_) item.fail("\"" + item.text + "\" needs a project (rtfx.yml), and there is none");
    read_packages();
    const auto found = packages_.find(name);
    if (found == packages_.end()) {
      std::vector<std::string> names;
      for (const auto& [known, package] : packages_) names.push_back(known);
      item.fail(fmt::format("the project has no package \"{}\"{}", name,
                            text::did_you_mean(name, names)));
    }
    hash.add(package_content(found->second));
  }

  void read_packages() {
    if (!packages_.empty()) return;
    Diagnostics diagnostics;
    for (const fs::path& directory : project_->packages) {
      if (auto package = names_->find_package(directory, diagnostics))
        packages_.insert_or_assign(package->package.image, std::move(*package));
    }
    diagnostics.throw_if_any();
  }

  /// The tag, which says everything of a package that is committed. linuxkit's hash for changed ones
  /// knows no names and modes, so the files are added.
  const std::string& package_content(const pkg::NamedPackage& package) {
    const fs::path& directory = package.package.directory;
    const auto [known, is_new] = contents_.try_emplace(directory);
    if (is_new) {
      InputHash content(files_);
      content.add(package.ref);
      if (!package.revision.in_git || package.revision.dirty)
        content.add_tree(directory, "package");
      known->second = content.finish();
    }
    return known->second;
  }

  void add_image(InputHash& hash, const Item& item, const Case& test) {
    const auto [base, path] = place_of(item, item.text.substr(6), test);
    const fs::path file = base / path;
    std::error_code failed;
    if (!fs::is_regular_file(file, failed))
      item.fail(fmt::format("there is no image YAML {}", text::one_line(file.string())));
    hash.add_tree(file, "image");
    Diagnostics problems;
    const auto resolve = [&](const fs::path& from, const std::string& package_path) {
      return resolve_package(hash, from / package_path);
    };
    const auto spec = image::load_image({file}, resolve, problems);
    if (!problems.empty())
      item.fail("the image cannot be read:\n" + text::join(problems.messages(), "\n"));
    hash.add(image::merged_json(*spec));
    for (const image::FileSpec& source : spec->files) {
      if (source.kind != image::FileSpec::Kind::source) continue;
      const fs::path from = source.text.starts_with("~/")
                                ? fs::path(environment("HOME", "/")) / source.text.substr(2)
                                : fs::path(source.text);
      const bool there = fs::exists(fs::symlink_status(from, failed));
      hash.add(there ? "file" : "no file");
      if (there) hash.add_tree(from, "file");
    }
  }

  /// For the resolver of an image: "@pkg:" as a reference, and the package among the inputs.
  std::string resolve_package(InputHash& hash, const fs::path& directory) {
    if (!project_) throw Error("@pkg: needs a project (rtfx.yml), and there is none");
    const pkg::NamedPackage package = names_->named(directory);
    hash.add(package_content(package));
    return package.ref;
  }

  std::optional<Project> project_;
  std::string labels_;
  std::map<std::string, std::string> env_;
  FileDigests files_;
  std::string common_;
  std::unique_ptr<kernel::ImageNames> names_;          ///< with a project
  std::map<std::string, pkg::NamedPackage> packages_;  ///< by image name
  std::map<fs::path, std::string> contents_;           ///< of packages, by directory
};

}  // namespace

InputKeys make_input_keys(const std::optional<Project>& project, const RunOptions& options) {
  const auto maker = std::make_shared<KeyMaker>(project, options);
  return [maker](const Case& test, const Arch& arch) { return maker->key(test, arch); };
}

}  // namespace rtfx::runner
