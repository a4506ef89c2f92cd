// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/index_merge.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace rtfx::oci {

namespace {

constexpr const char* reference_type = "vnd.docker.reference.type";
constexpr const char* reference_digest = "vnd.docker.reference.digest";

/// The variants that an architecture has when nothing is said (containerd, platforms: "Normalization").
constexpr std::pair<std::string_view, std::string_view> usual_variants[] = {
    {"amd64", "v1"}, {"arm64", "v8"}, {"arm", "v7"}};

std::string_view variant_of(const Platform& platform) {
  const bool usual =
      std::any_of(std::begin(usual_variants), std::end(usual_variants), [&](const auto& row) {
        return row.first == platform.architecture && row.second == platform.variant;
      });
  return usual ? std::string_view{} : std::string_view(platform.variant);
}

std::string annotation(const Descriptor& descriptor, const char* name) {
  const auto it = descriptor.annotations.find(name);
  return it == descriptor.annotations.end() ? "" : it->second;
}

/// Whether `ours` takes the place of `other`, both images.
bool replaces(const Descriptor& ours, const Descriptor& other) {
  if (ours.digest == other.digest) return true;
  return ours.platform && other.platform && same_platform(*ours.platform, *other.platform);
}

/// An image takes the place of that of its platform.
void put_image(Index& index, const Descriptor& image) {
  std::erase_if(index.manifests, [&](const Descriptor& other) {
    return !is_attestation(other) && replaces(image, other);
  });
  index.manifests.push_back(image);
}

}  // namespace

bool is_attestation(const Descriptor& descriptor) {
  return annotation(descriptor, reference_type) == "attestation-manifest";
}

bool same_platform(const Platform& a, const Platform& b) {
  return a.os == b.os && a.architecture == b.architecture && variant_of(a) == variant_of(b);
}

Index merged(Index base, const std::vector<Descriptor>& ours) {
  std::set<std::string> attested;  // the images that ours bring attestations of
  for (const Descriptor& descriptor : ours) {
    if (is_attestation(descriptor))
      attested.insert(annotation(descriptor, reference_digest));
    else
      put_image(base, descriptor);
  }
  std::set<std::string> images;
  for (const Descriptor& descriptor : base.manifests) {
    if (!is_attestation(descriptor)) images.insert(descriptor.digest.str());
  }
  std::erase_if(base.manifests, [&](const Descriptor& descriptor) {
    if (!is_attestation(descriptor)) return false;
    const std::string image = annotation(descriptor, reference_digest);
    return !images.contains(image) || attested.contains(image);
  });
  for (const Descriptor& descriptor : ours) {
    if (is_attestation(descriptor) && images.contains(annotation(descriptor, reference_digest)))
      base.manifests.push_back(descriptor);
  }
  return base;
}

}  // namespace rtfx::oci
