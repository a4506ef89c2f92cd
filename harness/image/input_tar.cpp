// SPDX-License-Identifier: Apache-2.0
#include "harness/image/input_tar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/image/paths.hpp"
#include "harness/image/sbom.hpp"
#include "harness/oci/reference.hpp"

namespace rtfx::image {

namespace {

constexpr const char* sections[] = {"onboot", "onshutdown", "services"};

const std::vector<Container>& containers_of(const ImageSpec& spec, std::string_view section) {
  return section == "onboot"       ? spec.onboot
         : section == "onshutdown" ? spec.onshutdown
                                   : spec.services;
}

/// The same reference, however it is written.
bool same_ref(const std::string& a, const std::string& b) {
  return oci::expand_reference(a) == oci::expand_reference(b);
}

bool is_below(const std::string& path, const std::string& prefix) {
  return path.size() > prefix.size() && path.starts_with(prefix) && path[prefix.size()] == '/';
}

bool is_in_root(const LaidOut& entry) {
  return entry.origin.location == "kernel" || entry.origin.location.starts_with("init[");
}

std::string bundle_of(const std::string& section, const std::string& name, std::size_t index) {
  const std::string number = section == "services" ? "" : fmt::format("{:03}-", index);
  return "containers/" + section + "/" + number + name;
}

std::map<std::string, std::uint32_t> ids_of(const ImageSpec& spec) {
  std::map<std::string, std::uint32_t> ids;
  std::uint32_t next = 100;
  for (const char* section : sections)
    for (const Container& container : containers_of(spec, section)) ids[container.name] = next++;
  return ids;
}

/// Whether every name of before has its id still.
bool same_ids(const ImageSpec& before, const ImageSpec& now) {
  const auto then = ids_of(before), ids = ids_of(now);
  return std::all_of(then.begin(), then.end(), [&](const auto& named) {
    const auto found = ids.find(named.first);
    return found != ids.end() && found->second == named.second;
  });
}

nlohmann::json parse(const std::string& text, const std::string& what) {
  nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) throw Error(what + " is not a JSON object");
  return json;
}

}  // namespace

InputTar::InputTar(const ImageSpec& spec, const AssembleOptions& options)
    : spec_(spec), options_(options), tar_(options.input_tar) {
  std::string metadata;
  for (const FileSpec& file : spec.files)
    if (file.kind == FileSpec::Kind::metadata) metadata = file.path;
  const LaidOut* entry = metadata.empty() ? nullptr : tar_.find(metadata);
  if (entry == nullptr) {
    unknown_ = metadata.empty()
                   ? "the YAML has no file with \"metadata: yaml\", which would tell what changed"
                   : "it has no /" + metadata + ", which would tell what changed";
    return;
  }
  Diagnostics problems;
  const auto refuse = [](const auto&, const auto&) -> std::string { throw Error("no packages"); };
  const auto before = load_image(
      {ImageFile(tar_.path().string() + ":/" + metadata, tar_.read(entry->inode.data), true)},
      refuse, problems);
  if (problems.empty())
    before_ = before;
  else
    unknown_ = "its /" + metadata + " cannot be read: " + problems.messages().front();
}

void InputTar::require_nothing_hidden(const std::string& prefix) const {
  for (const LaidOut& entry : tar_.entries()) {
    const bool here =
        prefix.empty() ? !entry.path.starts_with("containers/") : is_below(entry.path, prefix);
    if (!entry.origin.replaces || !here) continue;
    if (!prefix.empty()) throw Error("/" + entry.path + " hides what its image has there");
    bool again = entry.origin.location == "sbom" && !options_.sbom.path.empty() &&
                 normalise_path(options_.sbom.path) == entry.path;
    for (std::size_t i = 0; i < before_->files.size(); ++i) {
      if (entry.origin.location != fmt::format("files[{}]", i)) continue;
      const FileSpec& old = before_->files[i];
      again = std::any_of(spec_.files.begin(), spec_.files.end(), [&](const FileSpec& file) {
        return file.path == old.path && file.kind == old.kind &&
               file.mode.has_value() == old.mode.has_value();
      });
    }
    if (!again) throw Error("/" + entry.path + " hides what its image has there");
  }
}

void InputTar::require_same_root(bool kernel) const {
  const bool same_init =
      spec_.init.size() == before_->init.size() &&
      std::equal(spec_.init.begin(), spec_.init.end(), before_->init.begin(), same_ref);
  if (!same_init) throw Error("init has changed");
  if (kernel) {
    if (options_.decompress_kernel) throw Error("--decompress-kernel wants the image itself");
    const auto& now = spec_.kernel;
    const auto& then = before_->kernel;
    if (!then || !same_ref(now->image, then->image) || now->binary != then->binary ||
        now->tar != then->tar || now->ucode != then->ucode)
      throw Error("kernel has changed");
  }
  require_nothing_hidden("");
}

std::size_t InputTar::require_same_container(const char* section, std::size_t index) const {
  const std::string now = canonical_json(spec_, section, index);
  const auto& old = containers_of(*before_, section);
  const std::string what = fmt::format("{}[{}]", section, index);
  for (std::size_t i = 0; i < old.size(); ++i) {
    if (canonical_json(*before_, section, i) != now) continue;
    const std::string path = bundle_of(section, old[i].name, i) + "/config.json";
    const LaidOut* entry = tar_.find(path);
    if (entry == nullptr) throw Error("it has no /" + path);
    const nlohmann::json config = parse(tar_.read(entry->inode.data), "/" + path);
    const nlohmann::json user =
        config.value("/process/user"_json_pointer, nlohmann::json::object());
    bool named = user.value("uid", 0U) >= 100 || user.value("gid", 0U) >= 100;
    for (const auto& group : user.value("additionalGids", nlohmann::json::array()))
      named = named || group.get<std::uint32_t>() >= 100;
    if (named && !same_ids(*before_, spec_))
      throw Error(what + ": the ids of containers have changed");
    for (const auto& mount : config.value("mounts", nlohmann::json::array())) {
      const std::string source = mount.value("source", "");
      for (const Volume& volume : before_->volumes) {
        if (source != volume_mount_point(volume)) continue;
        const Volume* same = spec_.find_volume(volume.name);
        if (same == nullptr || same->readonly != volume.readonly)
          throw Error(what + ": the volume " + volume.name + " has changed");
      }
    }
    return i;
  }
  throw Error(what + " has changed");
}

ResolvedContainer InputTar::container_before(const char* section, std::size_t old_index) const {
  const std::string name = containers_of(*before_, section).at(old_index).name;
  const std::string bundle = bundle_of(section, name, old_index);
  const auto text = [&](const char* file) {
    const LaidOut* entry = tar_.find(bundle + file);
    if (entry == nullptr) throw Error("it has no /" + bundle + file);
    return tar_.read(entry->inode.data);
  };
  ResolvedContainer container;
  container.config_json = text("/config.json");
  container.readonly =
      parse(container.config_json, bundle).value("/root/readonly"_json_pointer, false);
  const std::string runtime = text("/runtime.json");
  container.runtime = parse_label("{\"runtime\": " + runtime + "}", "/" + bundle).runtime;
  // The first ones make the root file system; there are new ones.
  auto& mounts = container.runtime.mounts;
  const std::size_t own = container.readonly ? 1 : 3;
  if (!mounts || mounts->size() < own) throw Error("/" + bundle + "/runtime.json is not rtfx's");
  mounts->erase(mounts->begin(), mounts->begin() + static_cast<std::ptrdiff_t>(own));
  return container;
}

std::string InputTar::files_of(const std::string& full_ref) const {
  std::string manifest;
  for (const LaidOut& entry : tar_.entries())
    if (entry.origin.source == full_ref && !entry.origin.manifest.empty())
      manifest = entry.origin.manifest;
  std::string why = "it has none of its files apart from others";
  for (const LaidOut& entry : tar_.entries()) {
    const bool place = entry.origin.manifest == manifest && !manifest.empty() &&
                       entry.inode.type == FileType::directory &&
                       (entry.path.ends_with("/lower") || entry.path.ends_with("/rootfs")) &&
                       std::count(entry.path.begin(), entry.path.end(), '/') == 3 &&
                       entry.path.starts_with("containers/");
    if (!place || tar_.find(entry.path + "/etc/hosts") == nullptr) continue;
    try {
      require_nothing_hidden(entry.path);
      return entry.path;
    } catch (const Error& error) {
      why = error.what();
    }
  }
  throw Error(why);
}

std::vector<std::string> InputTar::sboms_of(const std::string& full_ref) const {
  if (options_.sbom.path.empty()) return {};
  const auto sbom =
      std::find_if(tar_.entries().begin(), tar_.entries().end(),
                   [](const LaidOut& entry) { return entry.origin.location == "sbom"; });
  if (sbom == tar_.entries().end())
    throw Error("it was made with --no-sbom, so nothing is known for the SBOM");
  const std::string text = tar_.read(sbom->inode.data);
  // Paths of the root have no prefix, so they are as they were in the beginning.
  for (const bool root : {true, false}) {
    for (const LaidOut& entry : tar_.entries()) {
      if (entry.origin.source != full_ref || is_in_root(entry) != root) continue;
      const std::string& location = entry.origin.location;
      std::string prefix;
      if (!root) {
        for (const char* place : {"/lower", "/rootfs"}) {
          const std::size_t end = entry.path.find(place);
          if (prefix.empty() && end != std::string::npos &&
              tar_.find(entry.path.substr(0, end) + place + "/etc/hosts") != nullptr)
            prefix = entry.path.substr(0, end) + place;
        }
        if (prefix.empty()) continue;
      }
      if (auto part = part_of_sbom(text, location, prefix)) return {std::move(*part)};
    }
  }
  return {};
}

SourceImage InputTar::find(const std::string& ref) const {
  if (!before_) throw Error(unknown_);
  const std::string full = oci::expand_reference(ref);
  const auto entry =
      std::find_if(tar_.entries().begin(), tar_.entries().end(), [&](const LaidOut& candidate) {
        return candidate.origin.source == full && !candidate.origin.manifest.empty();
      });
  if (entry == tar_.entries().end()) throw Error("it has nothing of this image");
  const std::vector<std::string> manifest = text::split(entry->origin.manifest, ' ');
  if (manifest.size() != 2) throw Error("its RTFX.manifest is not rtfx's");
  if (manifest[0] != options_.arch.name)
    throw Error("it is for " + manifest[0] + ", not for " + options_.arch.name);
  if (spec_.kernel && spec_.kernel->image == ref) require_same_root(true);
  if (std::find(spec_.init.begin(), spec_.init.end(), ref) != spec_.init.end())
    require_same_root(false);
  for (const Volume& volume : spec_.volumes)
    if (volume.image == ref && !volume.holds_layout()) files_of(full);
  for (const char* section : sections) {
    const auto& containers = containers_of(spec_, section);
    for (std::size_t i = 0; i < containers.size(); ++i) {
      if (containers[i].image != ref) continue;
      try {
        require_same_container(section, i);
      } catch (const nlohmann::json::exception&) {
        throw Error(fmt::format("its config.json of {}[{}] is not rtfx's", section, i));
      }
      files_of(full);
    }
  }
  const oci::Descriptor descriptor{
      std::string(oci::media_type_manifest), Digest::parse(manifest[1]), 0, {}, {}};
  return {full, descriptor, {}, nullptr, sboms_of(full), true};
}

OciVolume InputTar::find_volume(const Volume& volume) const {
  if (!before_) throw Error(unknown_);
  const Volume* old = before_->find_volume(volume.name);
  const bool same = old != nullptr && old->format == volume.format &&
                    old->platforms == volume.platforms && same_ref(old->image, volume.image);
  if (!same) throw Error("the volume " + volume.name + " has changed");
  const std::string lower = "containers/volumes/" + volume.name + "/lower";
  require_nothing_hidden(lower);
  const auto text = [&](const std::string& path) {
    const LaidOut* entry = tar_.find(lower + path);
    if (entry == nullptr) throw Error("it has no /" + lower + path);
    return tar_.read(entry->inode.data);
  };
  const oci::Index index = oci::parse_index(text("/index.json"));
  if (index.manifests.size() != 1) throw Error("/" + lower + "/index.json is not rtfx's");
  OciVolume found = make_oci_volume(
      volume, index.manifests.front(),
      [&](const oci::Descriptor& blob) { return text("/blobs/sha256/" + blob.digest.hex()); },
      "it");
  found.from_input_tar = true;
  return found;
}

Tree InputTar::read_volume(const Volume& volume, Spool& spool, std::stop_token stop) const {
  const std::string lower = "containers/volumes/" + volume.name + "/lower";
  Tree tree;
  tree.add_origin({});
  for (const LaidOut& entry : tar_.entries()) {
    if (!is_below(entry.path, lower) || entry.origin.location.starts_with("files[")) continue;
    Inode inode = entry.inode;
    inode.origin = 0;
    if (inode.data.size > 0) inode.data = tar_.copy(inode.data, spool, stop);
    tree.put(entry.path.substr(lower.size() + 1), std::move(inode));
  }
  return tree;
}

std::vector<LaidOut> InputTar::entries_from(const std::string& location_prefix, Spool& spool,
                                            std::stop_token stop) const {
  std::vector<LaidOut> result;
  for (const LaidOut& entry : tar_.entries()) {
    if (!entry.origin.location.starts_with(location_prefix)) continue;
    result.push_back(entry);
    if (entry.inode.data.size > 0)
      result.back().inode.data = tar_.copy(entry.inode.data, spool, stop);
  }
  return result;
}

void InputTar::read(SourceImages& images, LayoutParts& parts, Spool& spool,
                    std::stop_token stop) const {
  const auto require_same_image = [&](const std::string& ref) {
    const std::string wanted = options_.arch.name + " " + images.at(ref).manifest.digest.str();
    for (const LaidOut& entry : tar_.entries()) {
      if (is_in_root(entry) && entry.origin.source == oci::expand_reference(ref) &&
          entry.origin.manifest != wanted)
        throw Error("--input-tar " + tar_.path().string() + ": it has another image " + ref +
                    " than the content store");
    }
  };
  const bool kernel = spec_.kernel && images.at(spec_.kernel->image).from_input_tar;
  const bool init = std::any_of(spec_.init.begin(), spec_.init.end(), [&](const std::string& ref) {
    return images.at(ref).from_input_tar;
  });
  if (kernel || init)
    for (const std::string& ref : spec_.init) require_same_image(ref);
  for (const LaidOut& entry : tar_.entries()) {
    if ((kernel || init) && entry.origin.replaces && !entry.path.starts_with("containers/"))
      parts.hidden.insert(entry.path);
  }
  if (kernel) parts.kernel = entries_from("kernel", spool, stop);
  if (init) {
    // Another kernel could have changed where the files of init images went.
    for (const LaidOut& entry : tar_.entries()) {
      if (!kernel && entry.origin.location == "kernel" && entry.inode.type == FileType::symlink &&
          entry.path.find("lib/modules/") == std::string::npos)
        throw Error("--input-tar " + tar_.path().string() + ": the link /" + entry.path +
                    " of its kernel may have moved files");
    }
    parts.init = entries_from("init[", spool, stop);
  }
  for (auto& [ref, image] : images) {
    if (!image.from_input_tar) continue;
    auto files = std::make_shared<Tree>();
    files->add_origin({});
    const bool apart =
        std::any_of(std::begin(sections), std::end(sections),
                    [&](const char* section) {
                      const auto& all = containers_of(spec_, section);
                      return std::any_of(all.begin(), all.end(), [&](const Container& container) {
                        return container.image == ref;
                      });
                    }) ||
        std::any_of(spec_.volumes.begin(), spec_.volumes.end(), [&](const Volume& volume) {
          return volume.image == ref && !volume.holds_layout();
        });
    const std::string prefix = apart ? files_of(image.full_ref) : "";
    for (const LaidOut& entry : tar_.entries()) {
      if (!apart || !is_below(entry.path, prefix) || entry.origin.location.starts_with("files["))
        continue;
      const std::string path = entry.path.substr(prefix.size() + 1);
      if (entry.hard_link) {
        files->link(path,
                    entry.hard_link->substr(std::min(prefix.size() + 1, entry.hard_link->size())));
        continue;
      }
      Inode inode = entry.inode;
      inode.origin = 0;
      if (inode.data.size > 0) inode.data = tar_.copy(inode.data, spool, stop);
      files->put(path, std::move(inode));
    }
    image.files = files;
  }
  for (const char* section : sections) {
    const auto& containers = containers_of(spec_, section);
    for (std::size_t i = 0; i < containers.size(); ++i) {
      if (images.at(containers[i].image).from_input_tar)
        parts.containers[fmt::format("{}[{}]", section, i)] =
            container_before(section, require_same_container(section, i));
    }
  }
}

}  // namespace rtfx::image
