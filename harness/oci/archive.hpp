// SPDX-License-Identifier: Apache-2.0
//
// Images as files that travel: OCI archives (a tar of an OCI image layout: skopeo, buildah, linuxkit, newer docker)
// and docker archives (`docker save`, with manifest.json).
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/oci/store.hpp"

namespace rtfx::oci {

/// An image manifest with the name that it gets in an archive; "" for none.
struct NamedImage {
  std::string name;
  Descriptor manifest;
};

struct ImportedImage {
  std::string name;
  Descriptor descriptor;
};

/// Takes the images of an archive into the store and gives them the names that they have there: the annotation
/// io.containerd.image.name, else org.opencontainers.image.ref.name, else the RepoTags of manifest.json; names of
/// docker.io in their short form. `name`, if not empty, is given instead, to the one image of the archive; images that
/// have no name each and are for different platforms become one index. The archive is plain or compressed (gzip, xz,
/// zstd, bzip2), and read from start to end once, so a pipe will do. Blobs that the store has are not read. No name is
/// given before everything is there and whole. Sorted by name. `what` is the archive in messages. Throws Error.
std::vector<ImportedImage> import_archive(Store& store, int fd, const std::string& what,
                                          const std::string& name = "", std::stop_token stop = {});
/// The same for an archive or an OCI layout directory.
std::vector<ImportedImage> import_path(Store& store, const std::filesystem::path& path,
                                       const std::string& name = "", std::stop_token stop = {});

/// Writes an image or an index, with all that it refers to, as an OCI archive in which it has `name` (both annotations
/// above). The same image gives the same bytes. `what` is the output in messages. Throws Error; what was written until
/// then is not a whole archive.
void export_oci_archive(const Store& store, const Descriptor& descriptor, const std::string& name,
                        int fd, const std::string& what);
/// Writes one image as an archive that `docker load` reads, with plain layers. `name` is tagged in full
/// ("linuxkit/x:y" as "docker.io/linuxkit/x:y", no tag as "latest"); empty: without a tag. The same image gives the
/// same bytes. Throws Error as above.
void export_docker_archive(const Store& store, const Descriptor& manifest, const std::string& name,
                           int fd, const std::string& what);
/// The same into a file, which appears only when it is complete.
void export_docker_archive(const Store& store, const Descriptor& manifest, const std::string& name,
                           const std::filesystem::path& file);
/// Several images in one archive, which has what they share once.
void export_docker_archive(const Store& store, const std::vector<NamedImage>& images, int fd,
                           const std::string& what);
void export_docker_archive(const Store& store, const std::vector<NamedImage>& images,
                           const std::filesystem::path& file);

}  // namespace rtfx::oci
