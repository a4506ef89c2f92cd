// SPDX-License-Identifier: Apache-2.0
//
// depends.docker-images of build.yml: images that the build finds as files in its context, in the form that `docker
// save` writes (linuxkit, docs/packages.md, "Package dependencies").
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/yaml.hpp"
#include "harness/oci/store.hpp"

namespace rtfx::pkg {

struct DockerImages {
  std::vector<std::string> images;  ///< as written; each ends in @sha256:<64 hex>
  /// One archive of all images, or a directory with one archive for each; relative to the context.
  std::filesystem::path target;
  bool target_is_directory = false;
};

/// Reads the value of depends.docker-images, and the file that `from-file` names. Problems go to
/// `diagnostics` and give nullopt.
std::optional<DockerImages> read_docker_images(const yaml::Node& node,
                                               const std::filesystem::path& package_directory,
                                               Diagnostics& diagnostics);

/// The first component of `path` below `base` that is a symbolic link, if there is one.
std::optional<std::filesystem::path> symlink_below(const std::filesystem::path& base,
                                                   const std::filesystem::path& path);

/// Gets an image that is not in the store: its manifest or index, with everything that it refers to
/// for one arch, is in the store afterwards. `ref` is as written in build.yml. Throws Error.
using PullImage = std::function<oci::Descriptor(const std::string& ref)>;

/// Writes the archives into a build context, which must not be the source tree. The same images
/// give the same bytes. `arch` chooses from an index. Throws Error.
void save_docker_images(const DockerImages& images, const std::filesystem::path& context,
                        oci::Store& store, const PullImage& pull, const std::string& arch);

}  // namespace rtfx::pkg
