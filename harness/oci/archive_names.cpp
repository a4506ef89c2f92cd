// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/archive_names.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "harness/oci/index_merge.hpp"
#include "harness/oci/reference.hpp"
#include "harness/oci/store_files.hpp"

namespace rtfx::oci {

namespace {

bool is_image_config(const std::string& media_type) {
  return media_type == "application/vnd.oci.image.config.v1+json" ||
         media_type == "application/vnd.docker.container.image.v1+json";
}

/// Everything that an index lists, also through other indexes.
void collect_children(const Store& store, const Descriptor& index, std::set<Digest>& digests) {
  for (const Descriptor& child : parse_index(store.read(index)).manifests) {
    digests.insert(child.digest);
    if (is_index(child)) collect_children(store, child, digests);
  }
}

/// Attestations, and what an index lists that has a name, need none of their own.
void drop_parts(const Store& store, std::vector<FoundImage>& images, bool all_are_named) {
  std::set<Digest> parts;
  for (const FoundImage& image : images) {
    if ((all_are_named || !image.names.empty()) && is_index(image.descriptor))
      collect_children(store, image.descriptor, parts);
  }
  std::erase_if(images, [&](const FoundImage& image) {
    return image.names.empty() &&
           (is_attestation(image.descriptor) || parts.contains(image.descriptor.digest));
  });
}

std::string list_of(const std::vector<FoundImage>& images) {
  std::vector<std::string> lines;
  for (const FoundImage& image : images)
    lines.push_back(image.names.empty() ? image.descriptor.digest.str() : image.names.front());
  return text::join(lines, ", ");
}

/// `--name` is for one image: the only one, or those without a name of several platforms.
void rename_all(std::vector<FoundImage>& images, const std::string& name) {
  const bool same = std::all_of(images.begin(), images.end(), [&](const FoundImage& image) {
    return image.descriptor.digest == images.front().descriptor.digest;
  });
  const bool nameless = std::all_of(images.begin(), images.end(),
                                    [](const FoundImage& image) { return image.names.empty(); });
  if (!same && !nameless)
    throw Error("has several images (" + list_of(images) + "), and --name is for one",
                ExitCode::usage);
  for (FoundImage& image : images) image.names = {name};
}

/// The image of a name: the only one, or an index of those for different platforms.
Descriptor combined(Store& store, const std::string& name, const std::vector<Descriptor>& images) {
  const auto distinct = [&](const Descriptor& a, const Descriptor& b) {
    return a.platform && b.platform && !same_platform(*a.platform, *b.platform);
  };
  std::vector<Descriptor> kept;
  for (const Descriptor& image : images) {
    const bool known = std::any_of(kept.begin(), kept.end(), [&](const Descriptor& other) {
      return other.digest == image.digest;
    });
    if (known) continue;
    for (const Descriptor& other : kept) {
      if (!is_manifest(image) || !is_manifest(other) || !distinct(image, other))
        throw Error("has the name " + text::one_line(name) + " twice, for " + other.digest.str() +
                    " and " + image.digest.str());
    }
    kept.push_back(image);
  }
  if (kept.size() == 1) return kept.front();
  return store.put(format_index(merged({}, kept)), media_type_index);
}

}  // namespace

std::string short_name(const std::string& name) {
  for (const std::string prefix :
       {"docker.io/library/", "docker.io/", "index.docker.io/library/", "index.docker.io/"}) {
    // What is left must mean the same.
    if (name.starts_with(prefix) && expand_reference(name.substr(prefix.size())) ==
                                        name.substr(name.starts_with("index.") ? 6 : 0))
      return name.substr(prefix.size());
  }
  return name;
}

std::vector<std::string> names_by_annotation(const Descriptor& entry) {
  const std::string full = annotation(entry, containerd_name);
  const std::string ref = annotation(entry, ref_name);
  const std::string name = full.empty() ? ref : full;
  return name.empty() ? std::vector<std::string>() : std::vector{short_name(name)};
}

Descriptor corrected(const Store& store, Descriptor descriptor) {
  const auto json = nlohmann::json::parse(store.read(descriptor), nullptr, false);
  if (!json.is_object())
    throw Error(descriptor.digest.str() + " is neither an image nor an index: no JSON object");
  if (json.contains("manifests")) {
    if (!is_index(descriptor)) descriptor.media_type = media_type_index;
    return descriptor;
  }
  if (!json.contains("config") || !json.contains("layers"))
    throw Error(descriptor.digest.str() + " is neither an image nor an index");
  if (!is_manifest(descriptor)) {
    const auto type = json.find("mediaType");
    descriptor.media_type = type != json.end() && type->is_string()
                                ? type->get<std::string>()
                                : std::string(media_type_manifest);
  }
  const Manifest manifest = parse_manifest(store.read(descriptor));
  if (!is_attestation(descriptor) && is_image_config(manifest.config.media_type)) {
    const ImageConfig config = parse_image_config(store.read(manifest.config));
    if (!descriptor.platform || descriptor.platform->architecture != config.architecture)
      descriptor.platform = Platform{config.os, config.architecture, ""};
  }
  return descriptor;
}

std::vector<ImportedImage> give_names(Store& store, std::vector<FoundImage> images,
                                      const std::string& name) {
  drop_parts(store, images, !name.empty());
  if (images.empty()) throw Error("has no image");
  if (!name.empty()) rename_all(images, short_name(name));

  std::map<std::string, std::vector<Descriptor>> by_name;
  for (const FoundImage& image : images) {
    if (image.names.empty())
      throw Error("the image " + image.descriptor.digest.str() +
                      " has no name there; give it one with --name NAME",
                  ExitCode::usage);
    for (const std::string& given : image.names) by_name[given].push_back(image.descriptor);
  }
  std::map<std::string, Descriptor> names;
  std::vector<ImportedImage> result;
  for (const auto& [given, descriptors] : by_name) {
    Descriptor descriptor = combined(store, given, descriptors);
    descriptor.annotations.clear();
    names.emplace(given, descriptor);
    result.push_back({given, descriptor});
  }
  store.tag_all(names);
  return result;
}

}  // namespace rtfx::oci
