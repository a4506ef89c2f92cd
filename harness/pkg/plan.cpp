// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/pkg/plan.hpp"
#include "harness/pkg/version.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

constexpr const char* revision_label = "org.opencontainers.image.revision";
/// Whether registries and builders take the name: lower-case words with separators between them,
/// and a tag (OCI distribution-spec, "Pulling manifests"). Registry and port may stand in front.
bool is_valid_ref(const std::string& ref) {
  static const std::regex pattern(
      "([A-Za-z0-9.-]+:[0-9]+/)?[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/"
      "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}");
  return std::regex_match(ref, pattern);
}

/// The Dockerfile of a package, which must be one of its own files.
std::shared_ptr<const Dockerfile> load_dockerfile(const Package& package) {
  const fs::path file = package.directory / package.dockerfile;
  std::error_code error;
  if (!fs::is_regular_file(file, error))
    throw Error(
        "there is no " + file.string() + "; add it, or name another file with \"dockerfile:\"",
        ExitCode::usage);
  const fs::path inside =
      fs::weakly_canonical(file, error).lexically_relative(fs::canonical(package.directory));
  if (inside.empty() || *inside.begin() == "..")
    throw Error("dockerfile: " + file.string() + " is a link to a file outside the package",
                ExitCode::usage);
  return std::make_shared<const Dockerfile>(read_file(file), file);
}

/// Depth first over what packages need; the order in which packages are finished is the order of
/// build.
class Planner {
 public:
  /// `names_only`: nothing but names is wanted, so what a build needs is not looked at.
  Planner(const PackageSettings& settings, bool names_only)
      : settings_(settings), names_only_(names_only) {}

  /// A package as seen by those that need it.
  struct Known {
    std::string ref;
    std::string name;  ///< org/image
    Package package;
    Revision revision;
    std::vector<fs::path> made_of;
  };

  const std::optional<Known>& add(const fs::path& directory, const PlanOptions& options,
                                  Diagnostics& diagnostics) {
    return visit(directory, options, {}, diagnostics);
  }
  std::vector<PlannedPackage> take() { return std::move(plan_); }

 private:
  /// One visit of one package.
  struct Visit {
    const PlanOptions& options;
    Diagnostics& diagnostics;
    PlannedPackage planned;
    std::vector<NeededTag> needs;
    std::vector<fs::path> needs_made_of;
    bool failed = false;  ///< something it needs has problems, which are reported
  };

  const std::optional<Known>& visit(const fs::path& directory, const PlanOptions& options,
                                    const Location& from, Diagnostics& diagnostics) {
    static const std::optional<Known> nothing;
    const bool requested = from.file.empty();
    const fs::path absolute = without_slash(fs::absolute(directory).lexically_normal());
    // References always mean the package as it is by default, whatever the flags of this command are.
    const std::string key = absolute.string() + (requested ? "\nrequested" : "");
    if (const auto known = known_.find(key); known != known_.end()) return known->second;
    if (const auto cycle = std::find(path_.begin(), path_.end(), absolute); cycle != path_.end()) {
      report_cycle(cycle, absolute, from, diagnostics);
      return nothing;
    }
    Visit visit{options, diagnostics, {}, {}, {}, false};
    visit.planned.package = load(absolute, options, from, diagnostics);
    if (visit.planned.package.image.empty()) return known_[key] = std::nullopt;
    path_.push_back(absolute);
    const bool good = resolve(visit, requested);
    path_.pop_back();
    if (!good) return known_[key] = std::nullopt;
    PlannedPackage& planned = visit.planned;
    Known known{planned.ref, planned.package.org + "/" + planned.package.image, planned.package,
                planned.revision, planned.made_of};
    if (!names_only_ && !keep(std::move(planned), requested, diagnostics))
      return known_[key] = std::nullopt;
    return known_[key] = std::move(known);
  }

  static fs::path without_slash(fs::path path) {
    return path.has_filename() ? path : path.parent_path();
  }

  /// Fills in what is not in build.yml. False when there are problems, which are reported.
  bool resolve(Visit& visit, bool requested) {
    PlannedPackage& planned = visit.planned;
    Package& package = planned.package;
    planned.requested = requested;
    const std::size_t problems = visit.diagnostics.messages().size();
    try {
      if (requested && !visit.options.dockerfile.empty())
        package.dockerfile = visit.options.dockerfile;
      if (requested) package.network = visit.options.network.value_or(package.network);
      if (requested && visit.options.use_cache) package.disable_cache = !*visit.options.use_cache;
      if (!names_only_) planned.dockerfile = load_dockerfile(package);
      // What a name does not depend on is not read for it.
      if (!names_only_ || settings_.tags == TagMode::deep) resolve_arguments(visit, requested);
      if (visit.failed || visit.diagnostics.messages().size() != problems) return false;
      const TagOptions defaults;
      const TagOptions& tag = requested ? visit.options.tag : defaults;
      planned.revision = revision_of(package, tag, settings_.tags, visit.needs, repositories_);
      const bool clean = planned.revision.in_git && !planned.revision.dirty;
      if (!names_only_ && settings_.tags == TagMode::deep && clean)
        planned.made_of = made_of(visit);
      planned.ref = ref_with_hash(package, tag, planned.revision.hash);
      if (!names_only_) add_built_in(planned);
    } catch (const Error& error) {
      const std::string what = error.what();
      const bool placed = what.starts_with(package.directory.string() + "/");
      if (reported_.insert(package.build_yml.string() + what).second)
        visit.diagnostics.error(placed ? Location{} : Location{package.build_yml, 0}, what);
      return false;
    }
    return true;
  }

  /// The directories of this repository that the image is made of: the package's own, and those of what it is built on.
  std::vector<fs::path> made_of(const Visit& visit) {
    const Package& package = visit.planned.package;
    const git::Repository* repository = repositories_.of(package.directory);
    std::vector<fs::path> directories{package.directory};
    for (const std::string& entry : package.extra_sources) {
      const fs::path source = (package.directory / text::split(entry, ':')[0]).lexically_normal();
      directories.push_back(source);
    }
    directories.insert(directories.end(), visit.needs_made_of.begin(), visit.needs_made_of.end());
    std::erase_if(directories, [&](const fs::path& directory) {
      return repositories_.of(directory) != repository;
    });
    return directories;
  }

  /// Takes the package into the plan. Names must fit registries, and stand for one package.
  bool keep(PlannedPackage planned, bool requested, Diagnostics& diagnostics) {
    const Package& package = planned.package;
    if (!is_valid_ref(planned.ref)) {
      diagnostics.error(
          {package.build_yml, 0},
          "\"" + planned.ref +
              "\" cannot be the name of an image; wanted is org/image:tag, in lower case");
      return false;
    }
    const auto [holder, is_new] = holders_.emplace(planned.ref, package.directory);
    if (!is_new && holder->second != package.directory) {
      diagnostics.error({package.build_yml, 0}, planned.ref + " is the name of the package " +
                                                    holder->second.string() +
                                                    ", too; give one of them another image or org");
      return false;
    }
    for (PlannedPackage& known : plan_) {
      if (known.ref != planned.ref) continue;
      // Needed first and given later, or the other way round: one package, as it was given.
      if (requested) {
        planned.requested = true;
        known = std::move(planned);
      }
      return true;
    }
    plan_.push_back(std::move(planned));
    return true;
  }

  /// Each file is read and its problems are reported once, however many packages need it.
  Package load(const fs::path& directory, const PlanOptions& options, const Location& from,
               Diagnostics& diagnostics) {
    const TagOptions defaults;
    const TagOptions& tag = from.file.empty() ? options.tag : defaults;
    Diagnostics own;
    Package package = load_package(directory, tag, settings_.org, settings_.arches, own);
    if (own.empty()) return package;
    package.image.clear();
    if (!reported_.insert((directory / tag.build_yml).string()).second) return package;
    std::error_code error;
    for (const std::string& message : own.messages()) {
      // The messages have their own places; the one who named the package is told only when there
      // is no such package.
      const bool there = from.file.empty() || fs::exists(package.build_yml, error);
      diagnostics.error(there ? Location{} : from, message);
    }
    return package;
  }

  void add_built_in(PlannedPackage& planned) {
    const Package& package = planned.package;
    const Revision& revision = planned.revision;
    const bool clean = revision.in_git && !revision.dirty && revision.hidden_dirt.empty() &&
                       !revision.commit.empty();
    std::vector<std::string> built_in{"PKG_HASH=" + revision.hash,
                                      "PKG_IMAGE=" + package.org + "/" + package.image};
    if (!package.git_repo.empty()) built_in.push_back("SOURCE=" + package.git_repo);
    if (clean) built_in.push_back("REVISION=" + revision.commit);
    if (const git::Repository* repository = repositories_.of(package.directory)) {
      const std::string version = go_package_version(*repository, package.directory);
      if (!version.empty()) built_in.push_back("GOPKGVERSION=" + version);
    }
    // A package's own arguments win over the built-in ones.
    const std::vector<std::string> own = argument_names(planned.build_args);
    for (const std::string& argument : built_in) {
      const std::string name = argument.substr(0, argument.find('='));
      if (std::find(own.begin(), own.end(), name) == own.end())
        planned.build_args.push_back(argument);
    }

    if (revision.in_git && !package.git_repo.empty())
      planned.labels["org.opencontainers.image.source"] = package.git_repo;
    if (clean) planned.labels[revision_label] = revision.commit;
    if (!package.config_json.empty())
      planned.labels["org.mobyproject.config"] = package.config_json;
    if (!planned.needed_refs.empty())
      planned.labels["org.rtfx.needs"] = text::join(planned.needed_refs, " ");
  }

  void resolve_arguments(Visit& visit, bool requested) {
    const Package& package = visit.planned.package;
    if (requested) {
      for (const BuildArgument& argument : visit.options.arguments) {
        const std::size_t before = visit.planned.build_args.size();
        resolve_argument(visit, argument);
        // The tag covers what is in the package; these are beside it.
        for (std::size_t i = before; i < visit.planned.build_args.size(); ++i)
          visit.needs.push_back({"--build-arg-file", visit.planned.build_args[i], "", false});
      }
      if (!visit.options.dockerfile.empty())
        visit.needs.push_back({"--dockerfile", visit.options.dockerfile, "", false});
    }
    const std::vector<std::string> over = argument_names(visit.planned.build_args);
    for (std::size_t i = 0; i < package.build_args.size(); ++i) {
      const std::string name = package.build_args[i].substr(0, package.build_args[i].find('='));
      if (std::find(over.begin(), over.end(), name) == over.end())
        resolve_argument(visit, {package.build_args[i], package.build_arg_places[i]});
    }
  }

  void resolve_argument(Visit& visit, const BuildArgument& argument) {
    const auto packages = packages_of(argument, base_of(visit, argument.where), visit.diagnostics);
    if (!packages) {
      visit.planned.build_args.push_back(argument.text);
      return;
    }
    const std::string name = argument.text.substr(0, argument.text.find('='));
    for (const PackageArgument& package : *packages) {
      if (const auto known = need(visit, name, package.directory, argument.where))
        visit.planned.build_args.push_back(package.name_for(known->name) + "=" + known->ref);
    }
  }

  /// Paths of arguments are relative to the file that they stand in.
  static fs::path base_of(const Visit& visit, const Location& where) {
    const Package& package = visit.planned.package;
    return where.file.empty() || where.file == package.build_yml
               ? package.directory
               : fs::absolute(where.file).parent_path();
  }

  std::optional<Known> need(Visit& visit, const std::string& name, const fs::path& path,
                            const Location& where) {
    const Location from{where.file.empty() ? visit.planned.package.build_yml : where.file,
                        where.line};
    const std::optional<Known>& known = this->visit(path, {}, from, visit.diagnostics);
    if (!known) {
      visit.failed = true;
      return std::nullopt;
    }
    visit.needs.push_back({name, known->ref, known->revision.hash, known->revision.dirty});
    visit.needs_made_of.insert(visit.needs_made_of.end(), known->made_of.begin(),
                               known->made_of.end());
    std::vector<std::string>& refs = visit.planned.needed_refs;
    if (std::find(refs.begin(), refs.end(), known->ref) == refs.end()) refs.push_back(known->ref);
    return known;
  }

  void report_cycle(std::vector<fs::path>::const_iterator start, const fs::path& again,
                    const Location& where, Diagnostics& diagnostics) {
    std::vector<std::string> names;
    for (auto it = start; it != path_.end(); ++it) names.push_back(it->string());
    names.push_back(again.string());
    diagnostics.error(where, "packages need each other in a circle: " + text::join(names, " -> "));
  }

  const PackageSettings settings_;
  const bool names_only_;
  git::Repositories repositories_;
  std::vector<fs::path> path_;
  std::map<std::string, std::optional<Known>> known_;
  std::set<std::string> reported_;
  std::map<std::string, fs::path> holders_;  ///< which package has a name
  std::vector<PlannedPackage> plan_;
};

}  // namespace

std::vector<PlannedPackage> plan_packages(const std::vector<fs::path>& directories,
                                          const PlanOptions& options,
                                          const PackageSettings& settings,
                                          Diagnostics& diagnostics) {
  Planner planner(settings, false);
  for (const fs::path& directory : directories) planner.add(directory, options, diagnostics);
  return planner.take();
}

void settle_revision(PlannedPackage& planned) {
  if (planned.made_of.empty()) return;
  const auto repository = git::Repository::discover(planned.package.directory);
  const auto commit = repository ? repository->last_change(planned.made_of) : std::nullopt;
  if (!commit) return;
  std::replace(planned.build_args.begin(), planned.build_args.end(),
               "REVISION=" + planned.revision.commit, "REVISION=" + commit->id);
  if (const auto label = planned.labels.find(revision_label); label != planned.labels.end())
    label->second = commit->id;
  planned.revision.commit = commit->id;
  planned.revision.timestamp = commit->time;
}

struct PackageNames::State {
  Planner planner;
  PlanOptions options;
};

PackageNames::PackageNames(const PackageSettings& settings, const TagOptions& options)
    : state_(new State{Planner(settings, true), {}}) {
  state_->options.tag = options;
}
PackageNames::~PackageNames() = default;

std::optional<NamedPackage> PackageNames::find(const fs::path& directory,
                                               Diagnostics& diagnostics) {
  const auto& known = state_->planner.add(directory, state_->options, diagnostics);
  if (!known) return std::nullopt;
  return NamedPackage{known->package, known->revision, known->ref};
}

NamedPackage PackageNames::named(const fs::path& directory) {
  Diagnostics diagnostics;
  const auto found = find(directory, diagnostics);
  diagnostics.throw_if_any();
  if (!found) throw Error(directory.string() + ": the package has problems that were reported");
  return *found;
}

std::string arch_ref(const std::string& ref, const std::string& arch) { return ref + "-" + arch; }

}  // namespace rtfx::pkg
