// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "base/files.hpp"
#include "harness/oci/archive.hpp"
#include "harness/oci/reference.hpp"
#include "harness/pkg/docker_images.hpp"

namespace rtfx::pkg {

namespace {

/// The image of an arch, by name and digest what build.yml says.
oci::Descriptor get_image(const std::string& image, const oci::Reference& reference,
                          const oci::Store& store, const PullImage& pull, const std::string& arch) {
  const oci::Descriptor found = pull(image);
  if (found.digest != *reference.digest) throw Error("it came as " + found.digest.str());
  const auto manifest = store.for_arch(found, arch);
  if (!manifest) throw Error("it has no image for " + arch);
  return *manifest;
}

/// The name in the archive: an image that is named by its digest alone has none, as docker save
/// has it.
std::string archive_name(const oci::Reference& reference) {
  return reference.tag.empty() ? "" : reference.name() + ":" + reference.tag;
}

}  // namespace

void save_docker_images(const DockerImages& images, const fs::path& context, oci::Store& store,
                        const PullImage& pull, const std::string& arch) {
  if (images.images.empty()) return;
  // An extra source may have put a link there.
  if (const auto link = symlink_below(context, images.target))
    throw Error("depends.docker-images: " + images.target.string() +
                " leads through the symbolic link " + link->lexically_relative(context).string());
  const fs::path target = context / images.target;
  std::error_code error;
  if (!images.target_is_directory && fs::is_directory(target, error))
    throw Error("depends.docker-images: the target " + images.target.string() +
                " is a directory of the package");
  // What an earlier build left in the package must not get into the image.
  fs::remove_all(target);
  fs::create_directories(images.target_is_directory ? target : target.parent_path());

  std::vector<oci::NamedImage> all;
  for (const std::string& image : images.images) {
    in_context("depends.docker-images: " + image, [&] {
      const oci::Reference reference = oci::parse_reference(image);
      all.push_back({archive_name(reference), get_image(image, reference, store, pull, arch)});
      if (!images.target_is_directory) return;
      const std::string repository = fs::path(reference.repository).filename().string();
      const std::string name = repository + "@" + reference.digest->str() + ".tar";
      oci::export_docker_archive(store, {all.back()}, target / name);
    });
  }
  if (!images.target_is_directory)
    in_context("depends.docker-images", [&] { oci::export_docker_archive(store, all, target); });
}

}  // namespace rtfx::pkg
