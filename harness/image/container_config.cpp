// SPDX-License-Identifier: Apache-2.0
//
// The fields of a container, from an image YAML or from the label org.mobyproject.config.
// Everything that can be judged without knowing the other containers is judged here, where file and
// line are at hand.
#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include "base/text.hpp"
#include "harness/image/capabilities.hpp"
#include "harness/image/spec.hpp"

namespace rtfx::image {

namespace {

using yaml::MapReader;
using yaml::Node;

std::string upper(std::string s) {
  std::transform(s.begin(), s.end(), s.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return s;
}

/// Reads the fields of one map; the names of the fields are in the messages.
class ConfigReader {
 public:
  ConfigReader(MapReader& reader, const std::string& what, Diagnostics& diagnostics)
      : reader_(reader), what_(what), diagnostics_(diagnostics) {}

  ContainerConfig read();

 private:
  void problem(const Node& node, std::string_view key, const std::string& message) {
    diagnostics_.error(node.where, what_ + "." + std::string(key) + ": " + message);
  }
  /// Calls `each` with every string of the list; nullopt when the key is absent.
  template <typename T, typename Each>
  std::optional<std::vector<T>> each_string(std::string_view key, Each each) {
    const Node* node = reader_.get(key);
    const auto all = reader_.strings(key);
    if (!all) return std::nullopt;
    std::vector<T> result;
    for (std::size_t i = 0; i < all->size() && all->size() == node->items.size(); ++i) {
      std::optional<T> value = each(node->items[i], (*all)[i]);
      if (value) result.push_back(std::move(*value));
    }
    return result;
  }
  /// Calls `each` with a reader for every map of the list; unknown keys of it are reported.
  template <typename T, typename Each>
  std::optional<std::vector<T>> each_map(MapReader& reader, const std::string& what,
                                         std::string_view key, Each each) {
    const Node* node = reader.get(key);
    if (node == nullptr || node->kind == Node::Kind::null) return std::nullopt;
    std::vector<T> result;
    std::size_t index = 0;
    for (const Node* item : reader.list(key)) {
      const std::string name = what + "." + std::string(key) + "[" + std::to_string(index++) + "]";
      MapReader fields(*item, name, diagnostics_);
      result.push_back(each(fields, *item, name));
      fields.finish();
    }
    return result;
  }

  std::optional<std::vector<std::string>> capabilities(std::string_view key);
  std::optional<std::vector<Mount>> binds(std::string_view key);
  std::optional<std::vector<Mount>> tmpfs();
  std::optional<std::vector<Mount>> mounts(MapReader& reader, const std::string& what,
                                           bool container);
  std::optional<std::vector<Device>> devices();
  std::optional<std::vector<Rlimit>> rlimits();
  std::optional<std::vector<IdMapping>> mappings(MapReader& reader, const std::string& what,
                                                 std::string_view key);
  std::optional<std::map<std::string, std::string>> string_map(std::string_view key);
  std::optional<Id> id(std::string_view key);
  std::optional<std::vector<Id>> ids(std::string_view key);
  Runtime runtime();

  MapReader& reader_;
  const std::string& what_;
  Diagnostics& diagnostics_;
};

std::optional<std::vector<std::string>> ConfigReader::capabilities(std::string_view key) {
  const Node* node = reader_.get(key);
  const bool single = node != nullptr && node->kind == Node::Kind::list && node->items.size() == 1;
  return each_string<std::string>(
      key, [&](const Node& item, const std::string& name) -> std::optional<std::string> {
        const std::string known = upper(name);
        if (single && (known == "ALL" || known == "NONE")) return known == "ALL" ? "all" : "none";
        if (is_capability(name)) return name;
        const std::string hint = text::did_you_mean(known, capability_names());
        problem(item, key,
                "unknown capability \"" + name + "\"" +
                    (hint.empty() ? "; expected CAP_... or, as the only item, all or none" : hint));
        return std::nullopt;
      });
}

std::optional<std::vector<Mount>> ConfigReader::binds(std::string_view key) {
  return each_string<Mount>(
      key, [&](const Node& item, const std::string& entry) -> std::optional<Mount> {
        const std::vector<std::string> parts = text::split(entry, ':');
        if (parts.size() < 2 || parts.size() > 3 || parts[0].empty() || parts[1].empty()) {
          problem(item, key, "expected SOURCE:DESTINATION[:OPTION,...], got \"" + entry + "\"");
          return std::nullopt;
        }
        Mount mount{parts[1], "bind", parts[0], {"rw", "rbind", "rshared"}, item.where};
        if (parts.size() == 3) {
          mount.options = text::split(parts[2], ',');
          mount.options.emplace_back("rbind");
        }
        return mount;
      });
}

std::optional<std::vector<Mount>> ConfigReader::tmpfs() {
  return each_string<Mount>(
      "tmpfs", [&](const Node& item, const std::string& entry) -> std::optional<Mount> {
        const std::vector<std::string> parts = text::split(entry, ':');
        if (parts.size() > 2 || parts[0].empty()) {
          problem(item, "tmpfs", "expected DESTINATION[:OPTION,...], got \"" + entry + "\"");
          return std::nullopt;
        }
        return Mount{parts[0], "tmpfs", "tmpfs",
                     parts.size() == 2 ? text::split(parts[1], ',') : std::vector<std::string>{},
                     item.where};
      });
}

/// Fills in what a container's mount may leave out. "" or what is wrong.
std::string complete_mount(Mount& mount) {
  static const std::map<std::string, std::string> places = {{"proc", "/proc"},
                                                            {"devpts", "/dev/pts"},
                                                            {"sysfs", "/sys"},
                                                            {"cgroup", "/sys/fs/cgroup"},
                                                            {"mqueue", "/dev/mqueue"}};
  if (mount.type.empty() && places.contains(mount.source)) mount.type = mount.source;
  if (mount.type.empty() && mount.destination == "/dev") mount.type = "tmpfs";
  if (mount.type.empty())
    return "the mount for destination " + mount.destination + " is missing type";
  if (mount.source.empty()) mount.source = mount.type;
  const auto place = places.find(mount.type);
  if (mount.destination.empty() && place != places.end()) mount.destination = place->second;
  if (mount.destination.empty())
    return "the mount of type " + mount.type + " is missing destination";
  return "";
}

std::optional<std::vector<Mount>> ConfigReader::mounts(MapReader& reader, const std::string& what,
                                                       bool container) {
  return each_map<Mount>(
      reader, what, "mounts", [&](MapReader& fields, const Node& item, const std::string& name) {
        Mount mount;
        mount.destination = fields.string_or("destination", "");
        mount.type = fields.string_or("type", "");
        mount.source = fields.string_or("source", "");
        mount.options = fields.strings("options").value_or(std::vector<std::string>{});
        mount.where = item.where;
        // linuxkit's schema spells them this way here.
        mount.uid_mappings =
            mappings(fields, name, "uidmappings").value_or(std::vector<IdMapping>{});
        mount.gid_mappings =
            mappings(fields, name, "gidmappings").value_or(std::vector<IdMapping>{});
        if (item.kind == Node::Kind::map && container) {
          const std::string wrong = complete_mount(mount);
          if (!wrong.empty()) diagnostics_.error(item.where, name + ": " + wrong);
        }
        return mount;
      });
}

std::optional<std::vector<Device>> ConfigReader::devices() {
  return each_map<Device>(
      reader_, what_, "devices", [&](MapReader& fields, const Node& item, const std::string& name) {
        Device device;
        device.path = fields.required_string("path");
        device.type = fields.required_string("type");
        device.major = fields.integer("major").value_or(0);
        device.minor = fields.integer("minor").value_or(0);
        const std::string mode = fields.string_or("mode", "");
        const auto [stop, problem] =
            std::from_chars(mode.data(), mode.data() + mode.size(), device.mode, 8);
        const bool good =
            problem == std::errc() && stop == mode.data() + mode.size() && device.mode <= 07777;
        if (item.kind == Node::Kind::map && device.path != "all" && !good)
          diagnostics_.error(
              item.where,
              name + ".mode: expected an octal file mode such as \"0666\", got \"" + mode + "\"");
        static constexpr std::array<std::string_view, 5> types = {"a", "b", "c", "u", "p"};
        if (!device.type.empty() &&
            std::find(types.begin(), types.end(), device.type) == types.end())
          diagnostics_.error(
              item.where,
              name + ".type: expected b (block), c (character), p (fifo) or a (all), got \"" +
                  device.type + "\"");
        return device;
      });
}

bool parse_limit(const std::string& word, std::uint64_t& value) {
  if (upper(word) == "UNLIMITED") {
    value = UINT64_MAX;
    return true;
  }
  const auto [stop, problem] = std::from_chars(word.data(), word.data() + word.size(), value);
  return problem == std::errc() && stop == word.data() + word.size() && !word.empty();
}

std::optional<std::vector<Rlimit>> ConfigReader::rlimits() {
  static const std::vector<std::string> names = {
      "RLIMIT_AS",     "RLIMIT_CORE",   "RLIMIT_CPU",        "RLIMIT_DATA",
      "RLIMIT_FSIZE",  "RLIMIT_LOCKS",  "RLIMIT_MEMLOCK",    "RLIMIT_MSGQUEUE",
      "RLIMIT_NICE",   "RLIMIT_NOFILE", "RLIMIT_NPROC",      "RLIMIT_RSS",
      "RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "RLIMIT_STACK"};
  return each_string<Rlimit>(
      "rlimits", [&](const Node& item, const std::string& entry) -> std::optional<Rlimit> {
        std::vector<std::string> parts = text::split(entry, ',');
        for (std::string& part : parts) part = std::string(text::trim(part));
        Rlimit limit;
        if (parts.size() != 3 || !parse_limit(parts[1], limit.soft) ||
            !parse_limit(parts[2], limit.hard)) {
          problem(item, "rlimits",
                  "expected NAME,SOFT,HARD with numbers or \"unlimited\", got \"" + entry + "\"");
          return std::nullopt;
        }
        limit.type = upper(parts[0]);
        if (!limit.type.starts_with("RLIMIT_")) limit.type = "RLIMIT_" + limit.type;
        if (std::find(names.begin(), names.end(), limit.type) == names.end()) {
          problem(item, "rlimits",
                  "unknown limit \"" + parts[0] + "\"" + text::did_you_mean(limit.type, names));
          return std::nullopt;
        }
        return limit;
      });
}

std::uint32_t to_u32(MapReader& fields, std::string_view key, const std::string& name,
                     Diagnostics& diagnostics) {
  const auto number = fields.integer(key);
  if (number && (*number < 0 || *number > UINT32_MAX))
    diagnostics.error(fields.where(),
                      name + "." + std::string(key) + ": expected a number from 0 to 4294967295");
  return static_cast<std::uint32_t>(number.value_or(0));
}

std::optional<std::vector<IdMapping>> ConfigReader::mappings(MapReader& reader,
                                                             const std::string& what,
                                                             std::string_view key) {
  return each_map<IdMapping>(
      reader, what, key, [&](MapReader& fields, const Node&, const std::string& name) {
        IdMapping mapping;
        mapping.container = to_u32(fields, "containerID", name, diagnostics_);
        mapping.host = to_u32(fields, "hostID", name, diagnostics_);
        mapping.size = to_u32(fields, "size", name, diagnostics_);
        return mapping;
      });
}

std::optional<std::map<std::string, std::string>> ConfigReader::string_map(std::string_view key) {
  const Node* node = reader_.get(key);
  if (node == nullptr || node->kind == Node::Kind::null) return std::nullopt;
  std::map<std::string, std::string> result;
  if (node->kind != Node::Kind::map) problem(*node, key, "expected a map, got " + kind_name(*node));
  for (const Node::Entry& entry : node->entries) {
    if (entry.value.kind == Node::Kind::scalar) {
      result.emplace(entry.key, entry.value.scalar);
    } else {
      problem(entry.value, key, entry.key + ": expected a string, got " + kind_name(entry.value));
    }
  }
  return result;
}

/// A whole unquoted number, or a name. nullopt: a number that is out of range, or no scalar.
std::optional<Id> to_id(const Node& node) {
  if (node.kind != Node::Kind::scalar) return std::nullopt;
  const bool digits =
      !node.scalar.empty() && node.scalar.find_first_not_of("0123456789") == std::string::npos;
  if (node.quoted || (!digits && !node.scalar.starts_with('-'))) return Id(node.scalar);
  std::uint32_t number = 0;
  const char* end = node.scalar.data() + node.scalar.size();
  const auto [stop, problem] = std::from_chars(node.scalar.data(), end, number);
  return problem == std::errc() && stop == end ? std::optional<Id>(number) : std::nullopt;
}

constexpr std::string_view id_wanted =
    "expected a number from 0 to 4294967295 or the name of a container, got ";

std::optional<Id> ConfigReader::id(std::string_view key) {
  const Node* node = reader_.get(key);
  if (node == nullptr || node->kind == Node::Kind::null) return std::nullopt;
  auto value = to_id(*node);
  if (!value) problem(*node, key, std::string(id_wanted) + kind_name(*node));
  return value;
}

std::optional<std::vector<Id>> ConfigReader::ids(std::string_view key) {
  const Node* node = reader_.get(key);
  if (node == nullptr || node->kind == Node::Kind::null) return std::nullopt;
  std::vector<Id> result;
  for (const Node* item : reader_.list(key)) {
    const auto value = to_id(*item);
    if (value) {
      result.push_back(*value);
    } else {
      problem(*item, key, std::string(id_wanted) + kind_name(*item));
    }
  }
  return result;
}

Runtime ConfigReader::runtime() {
  const Node* node = reader_.get("runtime");
  Runtime result;
  if (node == nullptr || node->kind == Node::Kind::null) return result;
  const std::string what = what_ + ".runtime";
  MapReader fields(*node, what, diagnostics_);
  result.cgroups = fields.strings("cgroups");
  result.mkdir = fields.strings("mkdir");
  result.mounts = mounts(fields, what, false);
  result.interfaces = each_map<Interface>(
      fields, what, "interfaces", [](MapReader& reader, const Node&, const std::string&) {
        return Interface{reader.required_string("name"), reader.string_or("add", ""),
                         reader.string_or("peer", ""), reader.boolean_or("createInRoot", false)};
      });
  if (const Node* spaces = fields.get("bindNS");
      spaces != nullptr && spaces->kind != Node::Kind::null) {
    MapReader names(*spaces, what + ".bindNS", diagnostics_);
    for (const char* name : {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"}) {
      if (const auto path = names.string(name)) result.bind_ns[name] = *path;
    }
    names.finish();
  }
  result.containerd_namespace = fields.string("namespace");
  fields.finish();
  return result;
}

ContainerConfig ConfigReader::read() {
  ContainerConfig c;
  c.capabilities = capabilities("capabilities");
  c.capabilities_add = capabilities("capabilities.add");
  c.ambient = capabilities("ambient");
  c.mounts = mounts(reader_, what_, true);
  c.binds = binds("binds");
  c.binds_add = binds("binds.add");
  c.tmpfs = tmpfs();
  c.devices = devices();
  c.command = reader_.strings("command");
  c.env = reader_.strings("env");
  c.cwd = reader_.string_or("cwd", "");
  c.net = reader_.string_or("net", "");
  c.pid = reader_.string_or("pid", "");
  c.ipc = reader_.string_or("ipc", "");
  c.uts = reader_.string_or("uts", "");
  c.userns = reader_.string_or("userns", "");
  c.readonly = reader_.boolean("readonly");
  c.masked_paths = reader_.strings("maskedPaths");
  c.readonly_paths = reader_.strings("readonlyPaths");
  c.uid = id("uid");
  c.gid = id("gid");
  c.additional_gids = ids("additionalGids");
  c.no_new_privileges = reader_.boolean("noNewPrivileges");
  c.hostname = reader_.string_or("hostname", "");
  c.oom_score_adj = reader_.integer("oomScoreAdj");
  if (c.oom_score_adj && (*c.oom_score_adj < -1000 || *c.oom_score_adj > 1000))
    problem(*reader_.get("oomScoreAdj"), "oomScoreAdj", "expected a number from -1000 to 1000");
  c.rootfs_propagation = reader_.string("rootfsPropagation");
  c.cgroups_path = reader_.string("cgroupsPath");
  c.sysctl = string_map("sysctl");
  c.rlimits = rlimits();
  c.uid_mappings = mappings(reader_, what_, "uidMappings");
  c.gid_mappings = mappings(reader_, what_, "gidMappings");
  c.annotations = string_map("annotations");
  c.runtime = runtime();
  const Node* resources = reader_.get("resources");
  if (resources != nullptr && resources->kind != Node::Kind::null)
    c.resources = read_resources(*resources, what_ + ".resources", diagnostics_);
  return c;
}

}  // namespace

ContainerConfig read_container_config(MapReader& reader, const std::string& what,
                                      Diagnostics& diagnostics) {
  return ConfigReader(reader, what, diagnostics).read();
}

ContainerConfig parse_label(const std::string& label, const std::string& image) {
  Diagnostics diagnostics;
  const Node node = yaml::parse(label, "label org.mobyproject.config of " + image, diagnostics);
  diagnostics.throw_if_any();
  MapReader reader(node, "config", diagnostics);
  ContainerConfig config = read_container_config(reader, "config", diagnostics);
  reader.finish();
  diagnostics.throw_if_any();
  return config;
}

}  // namespace rtfx::image
