// SPDX-License-Identifier: Apache-2.0
#include "harness/image/oci_config.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/image/capabilities.hpp"

namespace rtfx::image {

namespace {

using Json = nlohmann::ordered_json;
using Strings = std::vector<std::string>;

/// The YAML's value, else the label's, else nothing.
template <typename T>
T choose(const std::optional<T>& label, const std::optional<T>& yaml) {
  return yaml ? *yaml : label ? *label : T{};
}
std::string choose(const std::string& label, const std::string& yaml) {
  return yaml.empty() ? label : yaml;
}

/// The YAML's list, else the label's with the YAML's additions.
template <typename T>
std::vector<T> choose(const std::optional<std::vector<T>>& label,
                      const std::optional<std::vector<T>>& yaml,
                      const std::optional<std::vector<T>>& added) {
  if (yaml) return *yaml;
  std::vector<T> all = label.value_or(std::vector<T>{});
  if (added) all.insert(all.end(), added->begin(), added->end());
  return all;
}

std::string dump(const Json& json) {
  try {
    return json.dump(4);
  } catch (const Json::exception&) {
    throw Error("a text is not valid UTF-8");
  }
}

/// Adds the value unless it is empty, as the spec's own types do it.
void set(Json& object, const char* key, const Json& value) {
  const bool empty =
      value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty()) ||
      (value.is_structured() && value.empty()) || (value.is_boolean() && !value.get<bool>());
  if (!empty) object[key] = value;
}

Json to_json(const std::vector<IdMapping>& mappings) {
  Json json = Json::array();
  for (const IdMapping& mapping : mappings) {
    Json item;
    item["containerID"] = mapping.container;
    item["hostID"] = mapping.host;
    item["size"] = mapping.size;
    json.push_back(item);
  }
  return json;
}

Json to_json(const Mount& mount) {
  Json json;
  json["destination"] = mount.destination;
  set(json, "type", mount.type);
  set(json, "source", mount.source);
  set(json, "options", mount.options);
  set(json, "uidMappings", to_json(mount.uid_mappings));
  set(json, "gidMappings", to_json(mount.gid_mappings));
  return json;
}

/// A container's configuration, field by field.
class ConfigWriter {
 public:
  ConfigWriter(const ContainerConfig& label, const ContainerConfig& yaml,
               const oci::ImageConfig& image, const ImageSpec& spec)
      : label_(label),
        yaml_(yaml),
        image_(image),
        spec_(spec),
        readonly_(choose(label.readonly, yaml.readonly)) {}

  bool readonly() const { return readonly_; }
  Json config() const;

 private:
  Json process() const;
  Json user() const;
  Json capabilities() const;
  Json mounts() const;
  Json namespaces() const;
  Json devices(Json& resources) const;
  Json linux_part() const;

  const ContainerConfig& label_;
  const ContainerConfig& yaml_;
  const oci::ImageConfig& image_;
  const ImageSpec& spec_;
  bool readonly_;
};

Json ConfigWriter::user() const {
  Json json;
  json["uid"] = resolve_id(choose(label_.uid, yaml_.uid), spec_);
  json["gid"] = resolve_id(choose(label_.gid, yaml_.gid), spec_);
  for (const Id& id : choose(label_.additional_gids, yaml_.additional_gids))
    json["additionalGids"].push_back(resolve_id(id, spec_));
  return json;
}

Strings expand_capabilities(Strings names) {
  if (names == Strings{"all"}) return capability_names();
  if (names == Strings{"none"}) return {};
  // "all" and "none" can still meet others through capabilities.add.
  if (std::find(names.begin(), names.end(), "all") != names.end()) return capability_names();
  std::erase(names, "none");
  return names;
}

Json ConfigWriter::capabilities() const {
  const Strings effective =
      expand_capabilities(choose(label_.capabilities, yaml_.capabilities, yaml_.capabilities_add));
  const Strings ambient = expand_capabilities(choose(label_.ambient, yaml_.ambient));
  std::set<std::string> bounding(effective.begin(), effective.end());
  bounding.insert(ambient.begin(), ambient.end());
  Json json = Json::object();
  set(json, "bounding", bounding);
  set(json, "effective", effective);
  set(json, "inheritable", bounding);
  set(json, "permitted", bounding);
  set(json, "ambient", ambient);
  return json;
}

Json ConfigWriter::process() const {
  Json json;
  json["user"] = user();
  Strings command = image_.entrypoint;
  command.insert(command.end(), image_.cmd.begin(), image_.cmd.end());
  if (label_.command) command = *label_.command;
  if (yaml_.command) command = *yaml_.command;
  if (command.empty())
    throw Error(
        "there is no command: neither the YAML has one nor the image or its label "
        "org.mobyproject.config");
  set(json, "args", command);
  set(json, "env", yaml_.env ? *yaml_.env : label_.env ? *label_.env : image_.env);
  const std::string cwd = choose(choose(image_.working_dir, label_.cwd), yaml_.cwd);
  json["cwd"] = cwd.empty() ? "/" : cwd;
  json["capabilities"] = capabilities();
  for (const Rlimit& limit : choose(label_.rlimits, yaml_.rlimits)) {
    Json item;
    item["type"] = limit.type;
    item["hard"] = limit.hard;
    item["soft"] = limit.soft;
    json["rlimits"].push_back(item);
  }
  set(json, "noNewPrivileges", choose(label_.no_new_privileges, yaml_.no_new_privileges));
  const auto& score = yaml_.oom_score_adj ? yaml_.oom_score_adj : label_.oom_score_adj;
  if (score) json["oomScoreAdj"] = *score;
  return json;
}

Json ConfigWriter::mounts() const {
  // By destination, so that /dev comes before /dev/pts.
  std::map<std::string, Mount> all;
  const auto add = [&](Mount mount) { all[mount.destination] = std::move(mount); };
  Strings dev = {"nosuid", "strictatime", "mode=755", "size=65536k"},
          sys = {"nosuid", "noexec", "nodev"};
  if (readonly_) {
    dev.emplace_back("ro");
    sys.emplace_back("ro");
  }
  add({"/dev", "tmpfs", "tmpfs", dev, {}});
  add({"/dev/pts",
       "devpts",
       "devpts",
       {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"},
       {}});
  add({"/proc", "proc", "proc", {"nosuid", "nodev", "noexec", "relatime"}, {}});
  add({"/sys", "sysfs", "sysfs", sys, {}});
  add({"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}, {}});
  for (const Mount& mount : choose(label_.tmpfs, yaml_.tmpfs)) add(mount);
  const auto add_bind = [&](Mount mount) {
    if (mount.type == "bind") {
      if (const Volume* volume = bound_volume(mount, spec_))
        mount.source = volume_mount_point(*volume);
    }
    add(std::move(mount));
  };
  for (const Mount& mount : choose(label_.binds, yaml_.binds, yaml_.binds_add)) add_bind(mount);
  for (const Mount& mount : choose(label_.mounts, yaml_.mounts)) add_bind(mount);
  Json json = Json::array();
  for (const auto& [destination, mount] : all) json.push_back(to_json(mount));
  return json;
}

Json ConfigWriter::namespaces() const {
  Json json = Json::array();
  const auto add = [&](const char* type, const std::string& value, bool none_is_new) {
    if (value == "host" || value == "root") return;
    Json item;
    item["type"] = type;
    const bool fresh = value == "new" || (none_is_new && value == "none");
    set(item, "path", fresh ? "" : value);
    json.push_back(item);
  };
  const auto shared = [](const std::string& label, const std::string& yaml) {
    const std::string value = choose(label, yaml);
    return value.empty() ? std::string("root") : value;
  };
  add("network", shared(label_.net, yaml_.net), true);
  add("ipc", shared(label_.ipc, yaml_.ipc), false);
  add("uts", shared(label_.uts, yaml_.uts), false);
  add("pid", choose(label_.pid, yaml_.pid), false);
  add("user", shared(label_.userns, yaml_.userns), false);
  add("mount", "", false);
  return json;
}

/// The devices; what they need of the cgroup is added to `resources`.
Json ConfigWriter::devices(Json& resources) const {
  Json json = Json::array();
  for (const Device& device : choose(label_.devices, yaml_.devices)) {
    Json rule;
    rule["allow"] = true;
    rule["type"] = device.type;
    if (device.path != "all") {
      rule["major"] = device.major;
      rule["minor"] = device.minor;
      Json item;
      item["path"] = device.path;
      item["type"] = device.type;
      item["major"] = device.major;
      item["minor"] = device.minor;
      item["fileMode"] = device.mode;
      json.push_back(item);
    }
    rule["access"] = "rwm";
    resources["devices"].push_back(rule);
  }
  return json;
}

Json ConfigWriter::linux_part() const {
  Json json;
  set(json, "uidMappings", to_json(choose(label_.uid_mappings, yaml_.uid_mappings)));
  set(json, "gidMappings", to_json(choose(label_.gid_mappings, yaml_.gid_mappings)));
  set(json, "sysctl", choose(label_.sysctl, yaml_.sysctl));
  const auto& given = yaml_.resources ? yaml_.resources : label_.resources;
  Json resources = given ? Json::parse(*given) : Json::object();
  const Json device_list = devices(resources);
  json["resources"] = resources;
  set(json, "cgroupsPath", choose(label_.cgroups_path, yaml_.cgroups_path));
  json["namespaces"] = namespaces();
  set(json, "devices", device_list);
  set(json, "rootfsPropagation", choose(label_.rootfs_propagation, yaml_.rootfs_propagation));
  set(json, "maskedPaths", choose(label_.masked_paths, yaml_.masked_paths));
  set(json, "readonlyPaths", choose(label_.readonly_paths, yaml_.readonly_paths));
  return json;
}

Json ConfigWriter::config() const {
  Json json;
  json["ociVersion"] = "1.2.1";
  json["process"] = process();
  json["root"]["path"] = "rootfs";
  set(json["root"], "readonly", readonly_);
  set(json, "hostname", choose(label_.hostname, yaml_.hostname));
  json["mounts"] = mounts();
  set(json, "annotations", choose(label_.annotations, yaml_.annotations));
  json["linux"] = linux_part();
  return json;
}

Runtime merge_runtime(const Runtime& label, const Runtime& yaml) {
  Runtime merged;
  merged.cgroups = choose(label.cgroups, yaml.cgroups);
  merged.mounts = choose(label.mounts, yaml.mounts);
  merged.mkdir = choose(label.mkdir, yaml.mkdir);
  merged.interfaces = choose(label.interfaces, yaml.interfaces);
  merged.bind_ns = yaml.bind_ns;
  merged.bind_ns.insert(label.bind_ns.begin(), label.bind_ns.end());
  merged.containerd_namespace = choose(label.containerd_namespace, yaml.containerd_namespace);
  return merged;
}

Json to_json(const Interface& interface) {
  Json json;
  json["name"] = interface.name;
  set(json, "add", interface.add);
  set(json, "peer", interface.peer);
  json["createInRoot"] = interface.create_in_root;
  return json;
}

}  // namespace

ResolvedContainer resolve_container(const Container& container, const oci::ImageConfig& image,
                                    const ImageSpec& spec) {
  const auto text = image.labels.find("org.mobyproject.config");
  const ContainerConfig label = text == image.labels.end() || text->second.empty()
                                    ? ContainerConfig{}
                                    : parse_label(text->second, container.image);
  const ConfigWriter writer(label, container.config, image, spec);
  return {writer.readonly(), dump(writer.config()),
          merge_runtime(label.runtime, container.config.runtime)};
}

std::string format_runtime(const Runtime& runtime, const std::vector<Mount>& rootfs_mounts) {
  Json json;
  json["cgroups"] = runtime.cgroups.value_or(Strings{});
  json["mounts"] = Json::array();
  for (const Mount& mount : rootfs_mounts) json["mounts"].push_back(to_json(mount));
  for (const Mount& mount : runtime.mounts.value_or(std::vector<Mount>{}))
    json["mounts"].push_back(to_json(mount));
  json["mkdir"] = runtime.mkdir.value_or(Strings{});
  json["interfaces"] = Json::array();
  for (const Interface& interface : runtime.interfaces.value_or(std::vector<Interface>{}))
    json["interfaces"].push_back(to_json(interface));
  for (const char* name : {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"}) {
    const auto path = runtime.bind_ns.find(name);
    json["bindNS"][name] = path == runtime.bind_ns.end() ? "" : path->second;
  }
  json["namespace"] = runtime.containerd_namespace.value_or("");
  return dump(json);
}

}  // namespace rtfx::image
