// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "harness/pkg/archive_mirror.hpp"
#include "harness/pkg/docker_images.hpp"

namespace rtfx::pkg {

/// depends.rootfs of build.yml: a root filesystem that mmdebstrap makes from the distribution's own
/// archive.
struct RootfsDependency {
  std::vector<std::string> suites;  ///< of one release; see ArchiveSuites
  std::vector<std::string> components{"main"};
  std::string variant = "extract";
  std::vector<std::string> include;
  /// Script in the package directory, relative to it, run with the root's path as $1; may be empty.
  std::filesystem::path customize;
  std::string target;  ///< file name in the build context, e.g. rootfs.tar

  /// Whether the packages are those of `include` with what they depend on, and no others.
  bool is_closure() const {
    return !include.empty() && (variant == "extract" || variant == "custom");
  }
};

/// A package directory: build.yml (linuxkit's schema, "build.yml" of docs/packages.md there) read
/// strictly.
struct Package {
  std::filesystem::path directory;  ///< absolute
  std::filesystem::path build_yml;
  std::string image;
  std::string org;  ///< as build.yml says, or `default_org`
  std::string tag_template = "{{.Hash}}";
  std::string dockerfile = "Dockerfile";
  std::vector<std::string> arches;
  std::vector<std::string> extra_sources;  ///< "src:dst"
  std::string git_repo;
  bool network = false;
  bool disable_cache = false;
  std::vector<std::string> build_args;     ///< "K=V", unresolved
  std::vector<Location> build_arg_places;  ///< where each of them stands
  std::string config_json;  ///< the label org.mobyproject.config, or "" without config:
  std::optional<RootfsDependency> rootfs;
  std::optional<MirrorDependency> mirror;      ///< depends.mirror
  std::optional<DockerImages> docker_images;  ///< depends.docker-images
};

/// How a tag is computed; linuxkit's flags of the same names.
struct TagOptions {
  std::string build_yml = "build.yml";
  std::optional<std::string> org = {};
  std::optional<std::string> hash = {};
  std::string hash_commit = "HEAD";
  std::optional<std::filesystem::path> hash_path = {};
  std::optional<std::string> tag = {};
  bool dev = false;
  bool force_dirty = false;
};

/// Reads and checks DIR/build.yml. Problems go to `diagnostics`. `default_org` is "linuxkit" unless
/// rtfx.yml says otherwise; `default_arches` likewise.
Package load_package(const std::filesystem::path& directory, const TagOptions& options,
                     const std::string& default_org, const std::vector<std::string>& default_arches,
                     Diagnostics& diagnostics);

}  // namespace rtfx::pkg
