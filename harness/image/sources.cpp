// SPDX-License-Identifier: Apache-2.0
#include "harness/image/sources.hpp"

#include <algorithm>
#include <functional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/image/sbom.hpp"
#include "harness/oci/reference.hpp"

namespace rtfx::image {

namespace {

oci::Descriptor manifest_of(const oci::Store& store, const std::string& ref,
                            const AssembleOptions& options) {
  const auto given = options.given.find(ref);
  return given == options.given.end() ? find_manifest(store, ref, options.arch.name)
                                      : given->second;
}

void require_complete(const oci::Store& store, const std::string& ref,
                      const oci::Descriptor& manifest) {
  if (!store.complete(manifest))
    throw Error("image " + ref + ": the content store " + store.directory().string() +
                " lacks a part of it");
}

Error cannot_stand_for(const Error& missing, const Error& why) {
  return Error(std::string(missing.what()) + "; --input-tar cannot stand for it: " + why.what());
}

SourceImage find_in_store(const oci::Store& store, const std::string& ref,
                          const AssembleOptions& options) {
  SourceImage image{
      oci::expand_reference(ref), manifest_of(store, ref, options), {}, nullptr, {}, false};
  require_complete(store, ref, image.manifest);
  in_context("image " + ref, [&] {
    image.config =
        oci::parse_image_config(store.read(oci::parse_manifest(store.read(image.manifest)).config));
    if (!options.sbom.path.empty())
      image.sboms = attached_sboms(store, ref, options.arch.name, image.manifest);
  });
  return image;
}

SourceImage find_source(const oci::Store& store, const std::string& ref,
                        const AssembleOptions& options, const InputTar* input_tar) {
  try {
    return find_in_store(store, ref, options);
  } catch (const Error& missing) {
    if (input_tar == nullptr) throw;
    try {
      return input_tar->find(ref);
    } catch (const Error& error) {
      throw cannot_stand_for(missing, error);
    }
  }
}

OciVolume find_in_store(const oci::Store& store, const Volume& volume) {
  OciVolume found = find_oci_volume(store, volume);
  for (const oci::Descriptor& manifest : found.manifests)
    require_complete(store, volume.image, manifest);
  return found;
}

OciVolume find_source(const oci::Store& store, const Volume& volume, const InputTar* input_tar) {
  try {
    return find_in_store(store, volume);
  } catch (const Error& missing) {
    if (input_tar == nullptr) throw;
    try {
      return input_tar->find_volume(volume);
    } catch (const Error& error) {
      throw cannot_stand_for(missing, error);
    }
  }
}

std::shared_ptr<const InputTar> open_input_tar(const ImageSpec& spec,
                                               const AssembleOptions& options) {
  return options.input_tar.empty() ? nullptr : std::make_shared<const InputTar>(spec, options);
}

/// The arches of a volume's image; empty: all.
std::vector<std::string> arches_of(const Volume& volume) {
  std::vector<std::string> arches;
  for (const oci::Platform& platform : volume.platforms) {
    if (std::find(arches.begin(), arches.end(), platform.architecture) == arches.end())
      arches.push_back(platform.architecture);
  }
  return arches;
}

bool is_used(const std::vector<UsedImage>& used, const std::string& ref) {
  return std::any_of(used.begin(), used.end(),
                     [&](const UsedImage& image) { return image.ref == ref; });
}

}  // namespace

Sources find_sources(const ImageSpec& spec, const oci::Store& store,
                     const AssembleOptions& options) {
  Sources sources;
  sources.input_tar = open_input_tar(spec, options);
  std::vector<std::string> problems;
  const auto attempt = [&](const std::function<void()>& find) {
    try {
      find();
    } catch (const Error& error) {
      problems.emplace_back(error.what());
    }
  };
  for (const std::string& ref : image_refs(spec)) {
    attempt([&] {
      const SourceImage& image =
          sources.images.emplace(ref, find_source(store, ref, options, sources.input_tar.get()))
              .first->second;
      sources.used.push_back({ref, image.manifest.digest});
      for (const std::string& sbom : image.sboms) sources.more += Digest::of(sbom).str() + "\n";
    });
  }
  for (const Volume& volume : spec.volumes) {
    if (!volume.holds_layout()) continue;
    attempt([&] {
      OciVolume found = find_source(store, volume, sources.input_tar.get());
      sources.more += volume.name + " " + found.root.digest.str() + "\n";
      for (const oci::Descriptor& manifest : found.manifests) {
        const bool ours = manifest.platform && manifest.platform->architecture == options.arch.name;
        if (ours && !is_used(sources.used, volume.image))
          sources.used.push_back({volume.image, manifest.digest});
      }
      sources.volumes.emplace(volume.name, std::move(found));
    });
  }
  if (!problems.empty()) throw Error(text::join(problems, "\n"));
  return sources;
}

std::vector<NeededImage> check_images(const ImageSpec& spec, const oci::Store& store,
                                      const AssembleOptions& options) {
  const auto input_tar = open_input_tar(spec, options);
  std::vector<NeededImage> needed;
  const auto check = [&](NeededImage image, const std::function<void()>& find) {
    try {
      find();
    } catch (const Error& error) {
      image.problem = error.what();
    }
    needed.push_back(std::move(image));
  };
  for (const std::string& ref : image_refs(spec)) {
    check({ref, {options.arch.name}, ""},
          [&] { find_source(store, ref, options, input_tar.get()); });
  }
  for (const Volume& volume : spec.volumes) {
    if (!volume.holds_layout()) continue;
    check({volume.image, arches_of(volume), ""},
          [&] { find_source(store, volume, input_tar.get()); });
  }
  return needed;
}

LayoutParts read_parts(const ImageSpec& spec, Sources& sources, const oci::Store& store,
                       const AssembleOptions& options, Spool& spool, std::stop_token stop) {
  LayoutParts parts;
  parts.arch = options.arch.name;
  parts.sbom = options.sbom;
  parts.decompress_kernel = options.decompress_kernel;
  for (const auto& [name, volume] : sources.volumes) {
    parts.volumes[name] = in_context("volume " + name, [&, &name = name, &volume = volume] {
      return std::make_shared<const Tree>(
          volume.from_input_tar
              ? sources.input_tar->read_volume(*spec.find_volume(name), spool, stop)
              : read_oci_volume(store, volume, spool, stop));
    });
  }
  if (sources.input_tar) sources.input_tar->read(sources.images, parts, spool, stop);
  return parts;
}

}  // namespace rtfx::image
