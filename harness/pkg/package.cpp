// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/package.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/files.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"
#include "harness/pkg/config_label.hpp"
#include "harness/pkg/tag.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

/// Whether a path from a file stays below the directory that it is relative to.
bool stays_inside(const fs::path& path) {
  const fs::path normal = path.lexically_normal();
  return !normal.empty() && !normal.is_absolute() && normal != "." && *normal.begin() != "..";
}

Location place_of(const yaml::Node& node, std::string_view key) {
  const yaml::Node* value = node.find(key);
  return value == nullptr ? node.where : value->where;
}

/// Reads one build.yml into a package.
class PackageReader {
 public:
  PackageReader(const yaml::Node& node, Package& package, Diagnostics& diagnostics)
      : node_(node),
        reader_(node, "package", diagnostics),
        package_(package),
        diagnostics_(diagnostics) {}

  void read() {
    package_.image = reader_.required_string("image");
    if (const auto org = reader_.string("org")) package_.org = *org;
    read_tag();
    read_dockerfile();
    read_arches();
    read_extra_sources();
    package_.git_repo = reader_.string_or("gitrepo", "");
    package_.network = reader_.boolean_or("network", false);
    package_.disable_cache = reader_.boolean_or("disable-cache", false);
    read_build_args();
    if (const yaml::Node* config = reader_.get("config"))
      package_.config_json = config_label(*config, diagnostics_);
    if (const yaml::Node* depends = reader_.get("depends")) read_depends(*depends);
    reader_.finish();
  }

 private:
  void read_tag() {
    const auto tag = reader_.string("tag");
    if (!tag || tag->empty()) return;
    package_.tag_template = *tag;
    try {
      render_tag(*tag, std::string(40, '0'));
    } catch (const Error& error) {
      diagnostics_.error(place_of(node_, "tag"), error.what());
    }
  }

  void read_dockerfile() {
    package_.dockerfile = reader_.string_or("dockerfile", "Dockerfile");
    if (!stays_inside(package_.dockerfile))
      diagnostics_.error(
          place_of(node_, "dockerfile"),
          "dockerfile must be a path inside the package, not \"" + package_.dockerfile + "\"");
  }

  void read_arches() {
    const auto arches = reader_.strings("arches");
    if (!arches) return;
    package_.arches = *arches;
    std::set<std::string> seen;
    for (const std::string& arch : *arches) {
      if (!seen.insert(arch).second)
        diagnostics_.error(place_of(node_, "arches"), "arches names " + arch + " twice");
    }
  }

  void read_extra_sources() {
    for (const yaml::Node* item : reader_.list("extra-sources")) {
      const auto parts = text::split(item->scalar, ':');
      if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) {
        diagnostics_.error(item->where, "extra-sources: \"" + item->scalar +
                                            "\" is not of the form SOURCE:DESTINATION");
      } else if (!stays_inside(fs::path(parts[1]).relative_path())) {
        diagnostics_.error(item->where, "extra-sources: the destination \"" + parts[1] +
                                            "\" is not inside the build context");
      } else {
        package_.extra_sources.push_back(item->scalar);
      }
    }
  }

  void read_build_args() {
    std::set<std::string> seen;
    for (const yaml::Node* item : reader_.list("buildArgs")) {
      const std::size_t equals = item->scalar.find('=');
      if (item->kind != yaml::Node::Kind::scalar || equals == std::string::npos || equals == 0) {
        diagnostics_.error(
            item->where, "buildArgs: " + yaml::kind_name(*item) + " is not of the form NAME=VALUE");
        continue;
      }
      const std::string name = item->scalar.substr(0, equals);
      if (!seen.insert(name).second)
        diagnostics_.error(item->where, "buildArgs: " + name + " is there twice");
      package_.build_args.push_back(item->scalar);
      package_.build_arg_places.push_back(item->where);
    }
  }

  void read_depends(const yaml::Node& node) {
    yaml::MapReader depends(node, "depends", diagnostics_);
    if (const yaml::Node* images = depends.get("docker-images"))
      package_.docker_images = read_docker_images(*images, package_.directory, diagnostics_);
    if (const yaml::Node* rootfs = depends.get("rootfs")) read_rootfs(*rootfs);
    if (const yaml::Node* mirror = depends.get("mirror")) {
      MirrorDependency defaults;
      if (package_.rootfs) defaults = {package_.rootfs->suites, package_.rootfs->components};
      package_.mirror = read_mirror(*mirror, std::move(defaults), diagnostics_);
    }
    depends.finish();
  }

  void read_rootfs(const yaml::Node& node) {
    static const std::vector<std::string> variants{"extract", "custom",    "essential",
                                                   "apt",     "required",  "minbase",
                                                   "buildd",  "important", "standard"};
    yaml::MapReader reader(node, "depends.rootfs", diagnostics_);
    RootfsDependency rootfs;
    if (const std::string suite = reader.required_string("suite"); !suite.empty())
      rootfs.suites = alternatives_of(suite);
    if (auto components = reader.strings("components")) rootfs.components = *components;
    rootfs.variant = reader.string_or("variant", rootfs.variant);
    if (auto include = reader.strings("include")) rootfs.include = *include;
    rootfs.customize = reader.string_or("customize", "");
    rootfs.target = reader.required_string("target");
    reader.finish();

    if (std::find(variants.begin(), variants.end(), rootfs.variant) == variants.end())
      diagnostics_.error(place_of(node, "variant"),
                         "depends.rootfs: unknown variant \"" + rootfs.variant + "\"" +
                             text::did_you_mean(rootfs.variant, variants));
    if (rootfs.components.empty())
      diagnostics_.error(place_of(node, "components"),
                         "depends.rootfs: components is empty; \"main\" is usual");
    if (!rootfs.target.empty() &&
        (!stays_inside(rootfs.target) || fs::path(rootfs.target).has_parent_path()))
      diagnostics_.error(
          place_of(node, "target"),
          "depends.rootfs: target must be a file name, not \"" + rootfs.target + "\"");
    check_words(node, "suite", rootfs.suites);
    if (rootfs.suites.size() > 1 && !rootfs.is_closure())
      diagnostics_.error(
          place_of(node, "suite"),
          "depends.rootfs: several suites need variant extract or custom, and include");
    check_words(node, "components", rootfs.components);
    check_words(node, "include", rootfs.include);
    if (!rootfs.customize.empty()) {
      std::error_code error;
      if (!stays_inside(rootfs.customize)) {
        diagnostics_.error(place_of(node, "customize"),
                           "depends.rootfs: customize must be a path inside the package");
      } else if (!fs::is_regular_file(package_.directory / rootfs.customize, error)) {
        diagnostics_.error(
            place_of(node, "customize"),
            "depends.rootfs: there is no file " + (package_.directory / rootfs.customize).string());
      }
    }
    package_.rootfs = std::move(rootfs);
  }

  /// These become parts of one argument of mmdebstrap, so a comma or a space in them would be read
  /// as another word.
  void check_words(const yaml::Node& node, const char* key, const std::vector<std::string>& words) {
    const auto fits = [](unsigned char c) {
      return std::isalnum(c) != 0 ||
             std::string_view("+-.:~=/_").find(static_cast<char>(c)) != std::string_view::npos;
    };
    for (const std::string& word : words) {
      if (word.empty() || !std::all_of(word.begin(), word.end(), fits) || word.starts_with("-"))
        diagnostics_.error(place_of(node, key), std::string("depends.rootfs: ") + key + ": \"" +
                                                    word + "\" is not a name");
    }
  }

  const yaml::Node& node_;
  yaml::MapReader reader_;
  Package& package_;
  Diagnostics& diagnostics_;
};

/// The organisation that flags ask for, if they do.
std::optional<std::string> org_from_flags(const TagOptions& options) {
  if (options.org) return options.org;
  if (!options.dev) return std::nullopt;
  const std::string user = environment("USER");
  if (user.empty())
    throw Error("--dev needs the variable USER, which is not set; use --org", ExitCode::usage);
  return user;
}

}  // namespace

Package load_package(const fs::path& directory, const TagOptions& options,
                     const std::string& default_org, const std::vector<std::string>& default_arches,
                     Diagnostics& diagnostics) {
  Package package;
  package.directory = fs::absolute(directory).lexically_normal();
  if (!package.directory.has_filename()) package.directory = package.directory.parent_path();
  package.build_yml = package.directory / options.build_yml;
  package.org = default_org;
  package.arches = default_arches;

  std::error_code error;
  if (!fs::is_directory(package.directory, error)) {
    diagnostics.error({package.directory, 0}, fs::exists(package.directory, error)
                                                  ? "not a directory; give a package's directory"
                                                  : "there is no such directory");
    return package;
  }
  if (!fs::exists(package.build_yml, error)) {
    diagnostics.error({package.directory, 0}, "no package: there is no " + options.build_yml);
    return package;
  }
  const std::size_t problems = diagnostics.messages().size();
  const yaml::Node node = yaml::parse_file(package.build_yml, diagnostics);
  if (node.kind == yaml::Node::Kind::null && diagnostics.messages().size() == problems) {
    diagnostics.error({package.build_yml, 0}, "is empty; at least \"image: NAME\" is needed");
  } else if (diagnostics.messages().size() == problems || node.kind == yaml::Node::Kind::map) {
    PackageReader(node, package, diagnostics).read();
  }
  if (const auto org = org_from_flags(options)) package.org = *org;
  return package;
}

}  // namespace rtfx::pkg
