// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/oci/archive_names.hpp"

namespace rtfx::oci {

/// The name of a member without "./" and the like. It is only a key, never a path of this host.
std::string member_name(const std::string& path);

/// The members of a docker archive, by their names: small ones as bytes, others as blobs of the store.
struct DockerMembers {
  std::map<std::string, std::string> texts;
  std::map<std::string, Descriptor> blobs;
  std::map<std::string, std::string> links;  ///< symbolic and hard links, with the member they name

  /// The member behind the links. Throws Error when there is none.
  std::string find(const std::string& name) const;
};

/// One image of manifest.json.
struct DockerImage {
  std::string config;
  std::vector<std::string> tags, layers;
};
/// Reads manifest.json. Throws Error.
std::vector<DockerImage> parse_docker_manifest(const std::string& json);

/// The digests of the uncompressed layers (OCI image-spec, "Layer DiffID"). Throws Error.
std::vector<std::string> diff_ids_of(const std::string& config);

/// Makes an OCI image of an image of a docker archive: the configuration's bytes stay, layers are checked against its
/// diff_ids. Throws Error.
Descriptor convert_docker_image(Store& store, const DockerMembers& members,
                                const DockerImage& image);

}  // namespace rtfx::oci
