// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "base/text.hpp"
#include "harness/image/image.hpp"
#include "harness/oci/reference.hpp"

namespace rtfx::image {

namespace {

/// The architectures that an image or index is for, for messages.
std::string architectures(const oci::Store& store, const oci::Descriptor& descriptor) {
  std::set<std::string> found;
  const std::string bytes = store.read(descriptor);
  if (descriptor.media_type.find("index") != std::string::npos ||
      descriptor.media_type.find("list") != std::string::npos) {
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

/// A name of the store that has the digest of "name@sha256:...".
std::optional<oci::Descriptor> find_digest(const oci::Store& store, const std::string& ref) {
  const std::size_t at = ref.find('@');
  if (at == std::string::npos) return std::nullopt;
  const Digest digest = Digest::parse(ref.substr(at + 1));
  for (const auto& [name, descriptor] : store.names()) {
    if (descriptor.digest == digest) return descriptor;
  }
  return std::nullopt;
}

}  // namespace

oci::Descriptor find_manifest(const oci::Store& store, const std::string& ref,
                              const std::string& arch) {
  std::string others;
  const auto usable =
      [&](const std::optional<oci::Descriptor>& named) -> std::optional<oci::Descriptor> {
    if (!named) return std::nullopt;
    auto manifest = store.for_arch(*named, arch);
    if (!manifest && others.empty()) others = architectures(store, *named);
    return manifest;
  };
  return in_context("image " + ref, [&] {
    if (const auto manifest = usable(find_digest(store, ref))) return *manifest;
    for (const std::string& name : {ref, oci::expand_reference(ref), familiar(ref)}) {
      for (const std::string& candidate : {name + "-" + arch, name}) {
        if (const auto manifest = usable(store.resolve(candidate))) return *manifest;
      }
    }
    const std::string place = "the content store " + store.directory().string();
    throw Error(others.empty() ? "not in " + place + " for " + arch
                               : place + " has it for " + others + ", but not for " + arch);
  });
}

Format parse_format(const std::string& name) {
  if (name == "kernel+initrd") return Format::kernel_initrd;
  if (name == "tar") return Format::tar;
  static const std::vector<std::string> supported = {"kernel+initrd", "tar"};
  static const std::set<std::string> later = {"docker",
                                              "tar-kernel-initrd",
                                              "kernel+squashfs",
                                              "kernel+erofs",
                                              "kernel+iso",
                                              "iso-bios",
                                              "iso-efi",
                                              "iso-efi-initrd",
                                              "raw-bios",
                                              "raw-efi",
                                              "qcow2-bios",
                                              "qcow2-efi",
                                              "vhd",
                                              "dynamic-vhd",
                                              "vmdk",
                                              "gcp",
                                              "aws",
                                              "rpi3"};
  if (later.contains(name))
    throw Error("format \"" + name + "\" is not supported yet; supported: kernel+initrd, tar",
                ExitCode::usage);
  throw Error("unknown format \"" + name + "\"" + text::did_you_mean(name, supported) +
                  "; supported: kernel+initrd, tar",
              ExitCode::usage);
}

}  // namespace rtfx::image
