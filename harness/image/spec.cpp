// SPDX-License-Identifier: Apache-2.0
#include "harness/image/spec.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>

#include "base/text.hpp"
#include "harness/image/image.hpp"
#include "harness/image/merge.hpp"
#include "harness/image/paths.hpp"

namespace rtfx::image {

namespace {

using yaml::MapReader;
using yaml::Node;

bool consists_of(const std::string& s, std::string_view more) {
  return std::all_of(s.begin(), s.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  });
}

constexpr std::string_view upper_case = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

class SpecReader {
 public:
  SpecReader(ImageSpec& spec, Diagnostics& diagnostics) : spec_(spec), diagnostics_(diagnostics) {}
  void read();

 private:
  void problem(const Location& where, const std::string& message) {
    diagnostics_.error(where, message);
  }
  /// A reference that can be looked up at all; "" when it is not.
  std::string image_ref(const Node& node, const std::string& what);
  void read_kernel(const Node& node);
  void read_init(MapReader& root);
  void read_containers(MapReader& root, const char* section, std::vector<Container>& containers);
  void read_volumes(MapReader& root);
  void read_platform(Volume& volume, const std::string& platform, const std::string& what);
  void read_files(MapReader& root);
  FileSpec read_file(MapReader& fields, const Node& item, const std::string& what);
  Id read_id(MapReader& fields, const char* key, const std::string& what);
  void check_uses();
  void check_container(const Container& container, const std::string& what);
  void check_id(const std::optional<Id>& id, const Location& where, const std::string& what);

  ImageSpec& spec_;
  Diagnostics& diagnostics_;
};

std::string SpecReader::image_ref(const Node& node, const std::string& what) {
  const bool good = node.kind == Node::Kind::scalar && !node.scalar.empty() &&
                    !node.scalar.starts_with('@') &&
                    consists_of(node.scalar, std::string(upper_case) + "._-/:@+");
  if (good) return node.scalar;
  // An unresolved package has been reported.
  if (node.kind != Node::Kind::scalar || !node.scalar.starts_with("@pkg:"))
    problem(node.where, what + ": expected the reference of an image, got " + kind_name(node));
  return "";
}

void SpecReader::read_kernel(const Node& node) {
  MapReader fields(node, "kernel", diagnostics_);
  Kernel kernel;
  const Node* image = fields.get("image");
  kernel.cmdline = fields.string_or("cmdline", "");
  const std::string binary = fields.string_or("binary", "");
  if (!binary.empty()) kernel.binary = binary;
  kernel.tar = fields.string("tar").value_or(kernel.tar);
  kernel.ucode = fields.string_or("ucode", "");
  if (kernel.tar == "none") kernel.tar.clear();
  fields.finish();
  if (kernel.cmdline.find_first_of("\n\r") != std::string::npos)
    problem(node.where, "kernel.cmdline: expected one line");
  if (image == nullptr || image->kind == Node::Kind::null) {
    if (!node.entries.empty())
      spec_.notes.push_back(node.where.str() + ": kernel: without \"image\" there is no kernel");
    return;
  }
  kernel.image = image_ref(*image, "kernel.image");
  spec_.kernel = kernel;
}

void SpecReader::read_init(MapReader& root) {
  std::size_t index = 0;
  for (const Node* item : root.list("init"))
    spec_.init.push_back(image_ref(*item, "init[" + std::to_string(index++) + "]"));
}

void SpecReader::read_containers(MapReader& root, const char* section,
                                 std::vector<Container>& containers) {
  std::size_t index = 0;
  for (const Node* item : root.list(section)) {
    const std::string what = std::string(section) + "[" + std::to_string(index++) + "]";
    MapReader fields(*item, what, diagnostics_);
    Container container;
    container.where = item->where;
    container.name = fields.required_string("name");
    const Node* image = fields.require("image");
    if (image != nullptr) container.image = image_ref(*image, what + ".image");
    container.config = read_container_config(fields, what, diagnostics_);
    fields.finish();
    // The name becomes a directory of the image and the id of the container.
    const bool good = consists_of(container.name, std::string(upper_case) + "._-") &&
                      !container.name.starts_with('.') && !container.name.starts_with('-');
    if (!container.name.empty() && !good)
      problem(fields.get("name")->where,
              what + ".name: expected letters, digits, \".\", \"_\" and \"-\", got \"" +
                  container.name + "\"");
    containers.push_back(std::move(container));
  }
}

void SpecReader::read_platform(Volume& volume, const std::string& platform,
                               const std::string& what) {
  const std::vector<std::string> parts = text::split(platform, '/');
  const bool good = (parts.size() == 2 || parts.size() == 3) &&
                    std::none_of(parts.begin(), parts.end(), [](const std::string& part) {
                      return part.empty() || part.find_first_of(" :,") != std::string::npos;
                    });
  if (good) {
    volume.platforms.push_back({parts[0], parts[1], parts.size() == 3 ? parts[2] : ""});
  } else {
    problem(volume.where,
            what + ".platforms: expected OS/ARCH such as linux/arm64, got \"" + platform + "\"");
  }
}

void SpecReader::read_volumes(MapReader& root) {
  std::size_t index = 0;
  std::set<std::string> names;
  for (const Node* item : root.list("volumes")) {
    const std::string what = "volumes[" + std::to_string(index++) + "]";
    MapReader fields(*item, what, diagnostics_);
    Volume volume;
    volume.name = fields.required_string("name");
    const Node* image = fields.get("image");
    if (image != nullptr && image->kind != Node::Kind::null)
      volume.image = image_ref(*image, what + ".image");
    volume.readonly = fields.boolean_or("readonly", false);
    const std::string format = fields.string_or("format", "filesystem");
    volume.where = item->where;
    for (const std::string& platform :
         fields.strings("platforms").value_or(std::vector<std::string>{}))
      read_platform(volume, platform, what);
    fields.finish();
    if (format == "oci") volume.format = Volume::Format::oci;
    if (format != "filesystem" && format != "oci")
      problem(fields.get("format")->where,
              what + ".format: expected filesystem or oci, got \"" + format + "\"");
    if (!consists_of(volume.name, "_-"))
      problem(item->where,
              what + ".name: expected lower-case letters, digits, \"_\" and \"-\", got \"" +
                  volume.name + "\"");
    if (!volume.name.empty() && !names.insert(volume.name).second)
      problem(item->where, what + ".name: there is another volume \"" + volume.name + "\"");
    spec_.volumes.push_back(std::move(volume));
  }
}

Id SpecReader::read_id(MapReader& fields, const char* key, const std::string& what) {
  const Node* node = fields.get(key);
  if (node == nullptr || node->kind == Node::Kind::null) return 0U;
  const std::string& text = node->scalar;
  std::uint32_t number = 0;
  const auto [stop, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (node->kind == Node::Kind::scalar && !node->quoted && bad == std::errc() &&
      stop == text.data() + text.size())
    return number;
  if (node->kind != Node::Kind::scalar)
    problem(node->where, what + "." + key + ": expected a number or the name of a container, got " +
                             kind_name(*node));
  return text;
}

FileSpec SpecReader::read_file(MapReader& fields, const Node& item, const std::string& what) {
  FileSpec file;
  file.where = item.where;
  const std::string path = fields.required_string("path");
  const bool directory = fields.boolean_or("directory", false);
  const std::string symlink = fields.string_or("symlink", ""),
                    source = fields.string_or("source", ""),
                    metadata = fields.string_or("metadata", "");
  const auto contents = fields.string("contents");
  file.optional = fields.boolean_or("optional", false);
  const auto mode = fields.string("mode");
  file.uid = read_id(fields, "uid", what);
  file.gid = read_id(fields, "gid", what);
  fields.finish();
  if (item.kind != Node::Kind::map || path.empty()) return file;

  try {
    file.path = normalise_path(path);
    if (file.path.empty())
      problem(item.where, what + ".path: \"" + path + "\" is the root directory");
  } catch (const Error& error) {
    problem(item.where, what + ".path: " + error.what());
  }
  if (mode) {
    unsigned value = 0;
    const auto [stop, bad] = std::from_chars(mode->data(), mode->data() + mode->size(), value, 8);
    if (bad != std::errc() || stop != mode->data() + mode->size() || value > 07777)
      problem(item.where,
              what + ".mode: expected an octal file mode such as \"0644\", got \"" + *mode + "\"");
    file.mode = value;
  }
  const int kinds = int(directory) + int(!symlink.empty()) + int(contents.has_value()) +
                    int(!source.empty()) + int(!metadata.empty());
  if (kinds != 1) {
    problem(item.where, what + ": " + path + " needs " + (kinds == 0 ? "" : "exactly ") +
                            "one of directory: true, symlink, contents, source and metadata");
  }
  using Kind = FileSpec::Kind;
  file.kind = directory           ? Kind::directory
              : !symlink.empty()  ? Kind::symlink
              : !source.empty()   ? Kind::source
              : !metadata.empty() ? Kind::metadata
                                  : Kind::contents;
  file.text = symlink + source + metadata + contents.value_or("");
  if (!metadata.empty() && metadata != "yaml" && metadata != "json")
    problem(item.where, what + ".metadata: expected yaml or json, got \"" + metadata + "\"");
  return file;
}

void SpecReader::read_files(MapReader& root) {
  std::size_t index = 0;
  for (const Node* item : root.list("files")) {
    const std::string what = "files[" + std::to_string(index++) + "]";
    MapReader fields(*item, what, diagnostics_);
    spec_.files.push_back(read_file(fields, *item, what));
  }
}

void SpecReader::check_id(const std::optional<Id>& id, const Location& where,
                          const std::string& what) {
  if (!id) return;
  try {
    resolve_id(*id, spec_);
  } catch (const Error& error) {
    problem(where, what + ": " + error.what());
  }
}

void SpecReader::check_container(const Container& container, const std::string& what) {
  const ContainerConfig& config = container.config;
  check_id(config.uid, container.where, what + ".uid");
  check_id(config.gid, container.where, what + ".gid");
  for (const Id& id : config.additional_gids.value_or(std::vector<Id>{}))
    check_id(id, container.where, what + ".additionalGids");
  for (const auto* mounts : {&config.mounts, &config.binds, &config.binds_add}) {
    for (const Mount& mount : mounts->value_or(std::vector<Mount>{})) {
      try {
        if (mount.type == "bind") bound_volume(mount, spec_);
      } catch (const Error& error) {
        problem(mount.where, what + ": " + error.what());
      }
    }
  }
}

/// What can only be judged when all sections are known.
void SpecReader::check_uses() {
  const auto check = [&](const char* section, const std::vector<Container>& containers) {
    for (std::size_t i = 0; i < containers.size(); ++i)
      check_container(containers[i], std::string(section) + "[" + std::to_string(i) + "]");
  };
  check("onboot", spec_.onboot);
  check("onshutdown", spec_.onshutdown);
  check("services", spec_.services);
  std::map<std::string, Location> services;
  for (const Container& service : spec_.services) {
    const auto [first, added] = services.emplace(service.name, service.where);
    if (!added && !service.name.empty())
      problem(service.where, "services: there is another service \"" + service.name + "\" (" +
                                 first->second.str() + ")");
  }
  for (std::size_t i = 0; i < spec_.files.size(); ++i) {
    const std::string what = "files[" + std::to_string(i) + "]";
    check_id(spec_.files[i].uid, spec_.files[i].where, what + ".uid");
    check_id(spec_.files[i].gid, spec_.files[i].where, what + ".gid");
  }
}

void SpecReader::read() {
  MapReader root(spec_.merged, "image", diagnostics_);
  if (const Node* kernel = root.get("kernel")) read_kernel(*kernel);
  read_init(root);
  read_containers(root, "onboot", spec_.onboot);
  read_containers(root, "onshutdown", spec_.onshutdown);
  read_containers(root, "services", spec_.services);
  read_volumes(root);
  read_files(root);
  root.get("trust");
  root.finish();
  check_uses();
}

}  // namespace

const Volume* ImageSpec::find_volume(const std::string& name) const {
  const auto it = std::find_if(volumes.begin(), volumes.end(),
                               [&](const Volume& volume) { return volume.name == name; });
  return it == volumes.end() ? nullptr : &*it;
}

std::string volume_mount_point(const Volume& volume) {
  return "/containers/volumes/" + volume.name + "/merged";
}

const Volume* bound_volume(const Mount& bind, const ImageSpec& spec) {
  if (bind.source.starts_with('/')) return nullptr;
  const Volume* volume = spec.find_volume(bind.source);
  if (volume == nullptr) {
    std::vector<std::string> names;
    for (const Volume& other : spec.volumes) names.push_back(other.name);
    throw Error("there is no volume \"" + bind.source + "\" to bind to " + bind.destination +
                text::did_you_mean(bind.source, names));
  }
  const bool read_only =
      std::find(bind.options.begin(), bind.options.end(), "ro") != bind.options.end();
  if (volume->readonly && !read_only)
    throw Error("volume \"" + volume->name + "\" is read-only; bind it with the option ro: \"" +
                volume->name + ":" + bind.destination + ":ro\"");
  return volume;
}

std::uint32_t resolve_id(const Id& id, const ImageSpec& spec) {
  if (const auto* number = std::get_if<std::uint32_t>(&id)) return *number;
  const std::string& name = std::get<std::string>(id);
  if (name.empty() || name == "root") return 0;
  std::optional<std::uint32_t> found;
  std::uint32_t next = 100;
  std::vector<std::string> names;
  for (const auto* section : {&spec.onboot, &spec.onshutdown, &spec.services}) {
    for (const Container& container : *section) {
      if (container.name == name && found)
        throw Error("several containers are named \"" + name + "\", so it stands for no one id");
      if (container.name == name) found = next;
      names.push_back(container.name);
      ++next;
    }
  }
  if (!found)
    throw Error("there is no container \"" + name + "\" to take the id of" +
                text::did_you_mean(name, names));
  return *found;
}

std::shared_ptr<const ImageSpec> load_image(const std::vector<ImageFile>& files,
                                            const PackageResolver& resolver,
                                            Diagnostics& diagnostics) {
  auto spec = std::make_shared<ImageSpec>();
  spec->merged = merge_files(files, resolver, diagnostics);
  SpecReader(*spec, diagnostics).read();
  return spec;
}

std::vector<std::string> image_refs(const ImageSpec& spec) {
  std::vector<std::string> refs;
  const auto add = [&](const std::string& ref) {
    if (!ref.empty() && std::find(refs.begin(), refs.end(), ref) == refs.end()) refs.push_back(ref);
  };
  if (spec.kernel) add(spec.kernel->image);
  for (const std::string& ref : spec.init) add(ref);
  for (const Volume& volume : spec.volumes) {
    if (!volume.holds_layout()) add(volume.image);
  }
  for (const auto* section : {&spec.onboot, &spec.onshutdown, &spec.services})
    for (const Container& container : *section) add(container.image);
  return refs;
}

}  // namespace rtfx::image
