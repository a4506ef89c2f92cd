// SPDX-License-Identifier: Apache-2.0
//
// What packages are called and what their builds are given, from their files and git alone.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "harness/pkg/build_argument.hpp"
#include "harness/pkg/dockerfile.hpp"
#include "harness/pkg/package.hpp"
#include "harness/pkg/tag.hpp"

namespace rtfx::pkg {

/// What a project says about all of its packages.
struct PackageSettings {
  std::string org = "linuxkit";     ///< of packages whose build.yml names none
  std::vector<std::string> arches;  ///< GOARCH names, for packages whose build.yml names none
  TagMode tags = TagMode::linuxkit;
};

/// What the command line says about the given packages, over their build.yml.
struct PlanOptions {
  TagOptions tag = {};
  std::string dockerfile = {};  ///< inside each package; empty: as build.yml says
  std::optional<bool> network = {}, use_cache = {};
  std::vector<BuildArgument> arguments = {};
};

class ImageMaker;

/// A package with everything resolved that its builds need.
struct PlannedPackage {
  Package package;
  Revision revision;
  std::string ref;  ///< org/image:tag
  std::shared_ptr<const Dockerfile> dockerfile;
  /// "NAME=VALUE" with @lkt: values replaced and built-ins (PKG_HASH, PKG_IMAGE, SOURCE, REVISION, GOPKGVERSION)
  /// added.
  std::vector<std::string> build_args;
  std::vector<std::string>
      needed_refs;  ///< org/image:tag of the packages that @lkt: arguments name
  std::map<std::string, std::string> labels;  ///< of the image
  /// With deep tags: the directories that the image is made of, in the package's repository; see settle_revision().
  std::vector<std::filesystem::path> made_of;
  bool requested = true;  ///< false: not among the given directories, only needed by one of them
  std::shared_ptr<const ImageMaker> maker =
      {};  ///< makes the image; null: a builder does, from the Dockerfile
};

/// Resolves tags and @lkt: arguments, adds packages that the given ones need, and sorts: needed
/// ones first. A cycle is a diagnostic that names it.
std::vector<PlannedPackage> plan_packages(const std::vector<std::filesystem::path>& directories,
                                          const PlanOptions& options,
                                          const PackageSettings& settings,
                                          Diagnostics& diagnostics);

/// With deep tags the revision of an image is not HEAD but the commit that made the package what it is: the newest that
/// changed something that it is made of. So the same tag gives the same bytes at any later commit. It takes a walk
/// through the history, so it is done for what is built only. Nothing happens to other packages. Throws Error.
void settle_revision(PlannedPackage& planned);

/// A package by its name alone.
struct NamedPackage {
  Package package;
  Revision revision;
  std::string ref;  ///< org/image:tag
};

/// Names of packages, each worked out once. Not for several threads at once.
class PackageNames {
 public:
  explicit PackageNames(const PackageSettings& settings, const TagOptions& options = {});
  ~PackageNames();

  /// The package in that directory; nullopt when it has problems, which `diagnostics` gets.
  std::optional<NamedPackage> find(const std::filesystem::path& directory,
                                   Diagnostics& diagnostics);
  /// The same; problems are thrown.
  NamedPackage named(const std::filesystem::path& directory);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Name under which the store keeps one arch of a package: "org/image:tag-arch".
std::string arch_ref(const std::string& ref, const std::string& arch);

}  // namespace rtfx::pkg
