// SPDX-License-Identifier: Apache-2.0
#include <fnmatch.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <regex>

#include "base/text.hpp"
#include "harness/pkg/build.hpp"
#include "harness/pkg/tag.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view lkt_prefix = "@lkt:";
constexpr std::string_view pkg_prefix = "@lkt:pkg:";
constexpr std::string_view pkgs_prefix = "@lkt:pkgs:";

/// "linuxkit/foo-bar" -> "LINUXKIT_FOO_BAR", the part of a build argument's name that stands for
/// `%`.
std::string as_variable(const std::string& name) {
  std::string variable;
  for (const char c : name) {
    const int upper = std::toupper(static_cast<unsigned char>(c));
    variable += c == '/' || c == '-' ? '_' : static_cast<char>(upper);
  }
  return variable;
}

/// Whether registries and builders take the name: lower-case words with separators between them,
/// and a tag (OCI distribution-spec, "Pulling manifests"). Registry and port may stand in front.
bool is_valid_ref(const std::string& ref) {
  static const std::regex pattern(
      "([A-Za-z0-9.-]+:[0-9]+/)?[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/"
      "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");
  return std::regex_match(ref, pattern);
}

/// Directories that a pattern of @lkt:pkgs: finds, sorted; hidden ones are not for it.
std::vector<fs::path> expand(const fs::path& base, const fs::path& pattern) {
  std::vector<fs::path> found{pattern.is_absolute() ? fs::path("/") : base};
  for (const fs::path& part : pattern.relative_path()) {
    std::vector<fs::path> next;
    for (const fs::path& directory : found) {
      if (part == "." || part == ".." || part.string().find_first_of("*?[") == std::string::npos) {
        next.push_back(directory / part);
        continue;
      }
      std::error_code error;
      for (const auto& entry : fs::directory_iterator(directory, error)) {
        if (::fnmatch(part.c_str(), entry.path().filename().c_str(), FNM_PERIOD) == 0)
          next.push_back(entry.path());
      }
    }
    found = std::move(next);
  }
  std::erase_if(found, [](const fs::path& path) {
    std::error_code error;
    return !fs::is_directory(path, error) || path.filename().string().starts_with(".");
  });
  for (fs::path& path : found) path = path.lexically_normal();
  std::sort(found.begin(), found.end());
  return found;
}

/// Depth first over what packages need; the order in which packages are finished is the order of
/// build.
class Planner {
 public:
  Planner(const TagOptions& options, const std::string& org, const std::vector<std::string>& arches,
          Diagnostics& diagnostics)
      : options_(options), org_(org), arches_(arches), diagnostics_(diagnostics) {}

  void add(const fs::path& directory) { visit(directory, options_, {}); }
  std::vector<PlannedPackage> take() { return std::move(plan_); }

 private:
  /// A package as seen by those that need it.
  struct Known {
    std::string ref;
    std::string name;  ///< org/image
    fs::path directory;
  };

  std::optional<Known> visit(const fs::path& directory, const TagOptions& options,
                             const Location& from) {
    Package package = load(directory, options, from);
    if (package.image.empty()) return std::nullopt;
    if (const auto cycle = std::find(path_.begin(), path_.end(), package.directory);
        cycle != path_.end()) {
      report_cycle(cycle, package.directory, from);
      return std::nullopt;
    }
    PlannedPackage planned;
    try {
      const Revision revision = revision_of(package, options);
      planned.hash = revision.hash;
      planned.ref = ref_with_hash(package, options, revision.hash);
      planned.timestamp = revision.timestamp;
      add_built_in(planned, package, revision);
    } catch (const Error& error) {
      diagnostics_.error({package.build_yml, 0}, error.what());
      return std::nullopt;
    }
    const Known known{planned.ref, package.org + "/" + package.image, package.directory};
    if (!is_valid_ref(planned.ref)) {
      diagnostics_.error(
          {package.build_yml, 0},
          "\"" + planned.ref +
              "\" cannot be the name of an image; wanted is org/image:tag, in lower case");
      return std::nullopt;
    }
    const auto [holder, is_new] = holders_.emplace(planned.ref, package.directory);
    if (!is_new && holder->second != package.directory) {
      diagnostics_.error({package.build_yml, 0},
                         planned.ref + " is the name of the package " + holder->second.string() +
                             ", too; give one of them another image or org");
      return std::nullopt;
    }
    planned.requested = from.file.empty();
    if (!done_.emplace(package.directory.string() + '\n' + planned.ref, true).second) {
      if (planned.requested) mark_requested(planned.ref);
      return known;
    }

    planned.package = std::move(package);
    path_.push_back(planned.package.directory);
    resolve_arguments(planned);
    path_.pop_back();
    plan_.push_back(std::move(planned));
    return known;
  }

  /// Each file is read and its problems are reported once, however many packages need it.
  Package load(const fs::path& directory, const TagOptions& options, const Location& from) {
    const fs::path key = fs::absolute(directory).lexically_normal() / options.build_yml;
    Diagnostics own;
    Package package = load_package(directory, options, org_, arches_, own);
    std::error_code error;
    if (own.empty() && !fs::is_regular_file(package.directory / package.dockerfile, error))
      own.error({package.build_yml, 0}, "there is no " +
                                            (package.directory / package.dockerfile).string() +
                                            "; add it, or name another file with \"dockerfile:\"");
    if (own.empty()) return package;
    package.image.clear();
    if (!reported_.emplace(key.string(), true).second) return package;
    for (const std::string& message : own.messages()) {
      // The messages have their own places; the one who named the package is told only when there
      // is no such package.
      if (from.file.empty() || fs::exists(package.build_yml, error)) {
        diagnostics_.error({}, message);
      } else {
        diagnostics_.error(from, message);
      }
    }
    return package;
  }

  static void add_built_in(PlannedPackage& planned, const Package& package,
                           const Revision& revision) {
    planned.build_args.push_back("PKG_HASH=" + revision.hash);
    planned.build_args.push_back("PKG_IMAGE=" + package.org + "/" + package.image);
    const bool clean = revision.in_git && !revision.dirty && !revision.commit.empty();
    if (!package.git_repo.empty()) planned.build_args.push_back("SOURCE=" + package.git_repo);
    if (clean) planned.build_args.push_back("REVISION=" + revision.commit);

    if (revision.in_git && !package.git_repo.empty())
      planned.labels["org.opencontainers.image.source"] = package.git_repo;
    if (clean) planned.labels["org.opencontainers.image.revision"] = revision.commit;
    if (!package.config_json.empty())
      planned.labels["org.mobyproject.config"] = package.config_json;
  }

  void resolve_arguments(PlannedPackage& planned) {
    const std::vector<std::string> built_in = std::move(planned.build_args);
    planned.build_args.clear();
    for (std::size_t i = 0; i < planned.package.build_args.size(); ++i)
      resolve(planned, planned.package.build_args[i], planned.package.build_arg_places[i]);
    // A package's own arguments win over the built-in ones.
    for (const std::string& argument : built_in) {
      const std::string start = argument.substr(0, argument.find('=') + 1);
      const auto same = [&](const std::string& own) { return own.starts_with(start); };
      if (std::none_of(planned.build_args.begin(), planned.build_args.end(), same))
        planned.build_args.push_back(argument);
    }
    if (!planned.needed_refs.empty())
      planned.labels["org.rtfx.needs"] = text::join(planned.needed_refs, " ");
  }

  void resolve(PlannedPackage& planned, const std::string& argument, const Location& where) {
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const std::string value = argument.substr(equals + 1);
    if (value.starts_with(pkg_prefix)) {
      if (const auto known = need(planned, value.substr(pkg_prefix.size()), where))
        planned.build_args.push_back(name + "=" + known->ref);
    } else if (value.starts_with(pkgs_prefix)) {
      resolve_pattern(planned, name, value.substr(pkgs_prefix.size()), where);
    } else if (value.starts_with(lkt_prefix)) {
      diagnostics_.error(where, "buildArgs: unknown value \"" + value +
                                    "\"; understood are @lkt:pkg:PATH and @lkt:pkgs:PATTERN");
    } else {
      planned.build_args.push_back(argument);
    }
  }

  void resolve_pattern(PlannedPackage& planned, const std::string& name, const std::string& pattern,
                       const Location& where) {
    const std::size_t percent = name.find('%');
    if (percent == std::string::npos) {
      diagnostics_.error(where, "buildArgs: @lkt:pkgs: gives several values, so the name \"" +
                                    name + "\" needs a %");
      return;
    }
    const std::vector<fs::path> directories = expand(planned.package.directory, pattern);
    if (directories.empty())
      diagnostics_.error(where, "buildArgs: no directory matches \"" + pattern + "\"");
    for (const fs::path& directory : directories) {
      if (const auto known = need(planned, directory, where))
        planned.build_args.push_back(name.substr(0, percent) + as_variable(known->name) +
                                     name.substr(percent + 1) + "=" + known->ref);
    }
  }

  std::optional<Known> need(PlannedPackage& planned, const fs::path& path, const Location& where) {
    // References always mean the package as it is by default, whatever the flags of this command
    // are.
    auto known = visit(planned.package.directory / path, TagOptions{}, where);
    if (known && std::find(planned.needed_refs.begin(), planned.needed_refs.end(), known->ref) ==
                     planned.needed_refs.end()) {
      planned.needs.push_back(known->directory);
      planned.needed_refs.push_back(known->ref);
    }
    return known;
  }

  void mark_requested(const std::string& ref) {
    for (PlannedPackage& planned : plan_) {
      if (planned.ref == ref) planned.requested = true;
    }
  }

  void report_cycle(std::vector<fs::path>::const_iterator start, const fs::path& again,
                    const Location& where) {
    std::vector<std::string> names;
    for (auto it = start; it != path_.end(); ++it) names.push_back(it->string());
    names.push_back(again.string());
    diagnostics_.error(where, "packages need each other in a circle: " + text::join(names, " -> "));
  }

  const TagOptions& options_;
  const std::string& org_;
  const std::vector<std::string>& arches_;
  Diagnostics& diagnostics_;
  std::vector<fs::path> path_;
  std::map<std::string, bool> done_, reported_;
  std::map<std::string, fs::path> holders_;  ///< which package has a name
  std::vector<PlannedPackage> plan_;
};

}  // namespace

std::vector<PlannedPackage> plan_packages(const std::vector<fs::path>& directories,
                                          const TagOptions& options, const std::string& default_org,
                                          const std::vector<std::string>& default_arches,
                                          Diagnostics& diagnostics) {
  Planner planner(options, default_org, default_arches, diagnostics);
  for (const fs::path& directory : directories) planner.add(directory);
  return planner.take();
}

std::string arch_ref(const std::string& ref, const std::string& arch) { return ref + "-" + arch; }

}  // namespace rtfx::pkg
