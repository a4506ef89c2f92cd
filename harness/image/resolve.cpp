// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>

#include "base/text.hpp"
#include "harness/image/image.hpp"
#include "harness/oci/reference.hpp"

namespace rtfx::image {

namespace {

bool is_index(const oci::Descriptor& descriptor) {
  return descriptor.media_type.find("index") != std::string::npos ||
         descriptor.media_type.find("list") != std::string::npos;
}

/// The architectures that an image or index is for, for messages.
std::string architectures(const oci::Store& store, const oci::Descriptor& descriptor) {
  std::set<std::string> found;
  const std::string bytes = store.read(descriptor);
  if (is_index(descriptor)) {
    for (const oci::Descriptor& child : oci::parse_index(bytes).manifests) {
      if (child.platform) found.insert(child.platform->architecture);
    }
  } else {
    found.insert(
        oci::parse_image_config(store.read(oci::parse_manifest(bytes).config)).architecture);
  }
  return found.empty() ? "no architecture" : text::join({found.begin(), found.end()}, ", ");
}

/// The name as people write it: "docker.io/linuxkit/x:y" -> "linuxkit/x:y".
std::string familiar(const std::string& ref) {
  for (const std::string_view prefix : {"docker.io/library/", "docker.io/"}) {
    if (ref.starts_with(prefix)) return ref.substr(prefix.size());
  }
  return ref;
}

/// What the store may call it. Without a tag, "latest" is meant.
std::vector<std::string> names_of(const std::string& ref) {
  const std::string full = oci::expand_reference(ref);
  std::vector<std::string> names = {ref, full, familiar(full)};
  const std::size_t slash = full.rfind('/');
  if (full.find_first_of(":@", slash) == std::string::npos) {
    names.push_back(full + ":latest");
    names.push_back(familiar(full) + ":latest");
  }
  return names;
}

using Names = std::map<std::string, oci::Descriptor>;

std::optional<oci::Descriptor> named(const Names& names, const std::string& name) {
  const auto found = names.find(name);
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

/// What has the digest of "name@sha256:...".
std::optional<oci::Descriptor> find_digest(const oci::Store& store, const Names& names,
                                           const std::string& ref) {
  const std::size_t at = ref.find('@');
  if (at == std::string::npos) return std::nullopt;
  const Digest digest = Digest::parse(ref.substr(at + 1));
  for (const auto& [name, descriptor] : names) {
    if (descriptor.digest == digest) return descriptor;
  }
  // An image of an index has no name of its own.
  for (const auto& [name, descriptor] : names) {
    if (!is_index(descriptor)) continue;
    try {
      for (const oci::Descriptor& child : oci::parse_index(store.read(descriptor)).manifests)
        if (child.digest == digest) return child;
    } catch (const Error&) {
      continue;  // damage of another image
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<oci::Descriptor> find_image(const oci::Store& store, const std::string& ref) {
  const Names names = store.names();
  if (const auto found = find_digest(store, names, ref)) return found;
  for (const std::string& name : names_of(ref)) {
    if (const auto found = named(names, name)) return found;
  }
  return std::nullopt;
}

std::vector<oci::Descriptor> indexes_of(const oci::Store& store, const std::string& ref,
                                        const std::string& arch) {
  std::vector<oci::Descriptor> found;
  const Names names = store.names();
  const auto add = [&](const std::optional<oci::Descriptor>& descriptor) {
    if (descriptor && is_index(*descriptor)) found.push_back(*descriptor);
  };
  add(find_digest(store, names, ref));
  for (const std::string& name : names_of(ref)) {
    add(named(names, name + "-" + arch));
    add(named(names, name));
  }
  return found;
}

oci::Descriptor find_manifest(const oci::Store& store, const std::string& ref,
                              const std::string& arch) {
  std::string others;
  const auto usable =
      [&](const std::optional<oci::Descriptor>& descriptor) -> std::optional<oci::Descriptor> {
    if (!descriptor) return std::nullopt;
    auto manifest = store.for_arch(*descriptor, arch);
    if (!manifest && others.empty()) others = architectures(store, *descriptor);
    return manifest;
  };
  return in_context("image " + ref, [&] {
    const Names names = store.names();
    if (const auto manifest = usable(find_digest(store, names, ref))) return *manifest;
    for (const std::string& name : names_of(ref)) {
      for (const std::string& candidate : {name + "-" + arch, name}) {
        if (const auto manifest = usable(named(names, candidate))) return *manifest;
      }
    }
    const std::string place = "the content store " + store.directory().string();
    throw Error(others.empty() ? "not in " + place + " for " + arch
                               : place + " has it for " + others + ", but not for " + arch);
  });
}

}  // namespace rtfx::image
