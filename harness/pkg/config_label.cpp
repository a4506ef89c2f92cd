// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/config_label.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

namespace rtfx::pkg {

namespace {

using Json = nlohmann::ordered_json;
using yaml::Node;

/// A number if the text is one in decimal and was not quoted.
std::optional<std::int64_t> as_integer(const Node& node) {
  if (node.kind != Node::Kind::scalar || node.quoted) return std::nullopt;
  std::int64_t value = 0;
  const char* end = node.scalar.data() + node.scalar.size();
  const auto [last, error] = std::from_chars(node.scalar.data(), end, value);
  return error == std::errc{} && last == end ? std::optional(value) : std::nullopt;
}

/// Converts one map of the schema; `out` gets its keys in the order of the calls, which is
/// linuxkit's.
class Converter {
 public:
  Converter(const Node& node, const std::string& what, Diagnostics& diagnostics)
      : reader_(node, what, diagnostics), what_(what), diagnostics_(diagnostics) {}

  Json out = Json::object();

  void string(const char* key) {
    if (const auto value = reader_.string(key); value && !value->empty()) out[key] = *value;
  }
  /// Fields that are pointers in linuxkit: an empty value is kept.
  void kept_string(const char* key) {
    if (const auto value = reader_.string(key)) out[key] = *value;
  }
  void strings(const char* key) {
    if (const auto value = reader_.strings(key)) out[key] = *value;
  }
  /// A list that is left out when it is empty (plain slices in the OCI runtime types).
  void strings_if_any(const char* key) {
    if (const auto value = reader_.strings(key); value && !value->empty()) out[key] = *value;
  }
  void boolean(const char* key) {
    if (const auto value = reader_.boolean(key)) out[key] = *value;
  }
  void plain_boolean(const char* key) { out[key] = reader_.boolean_or(key, false); }
  void integer(const char* key) {
    if (const auto value = reader_.integer(key)) out[key] = *value;
  }
  void plain_integer(const char* key) { out[key] = reader_.integer(key).value_or(0); }
  void plain_string(const char* key) { out[key] = reader_.string_or(key, ""); }

  /// A user or group: a number, or the name of a container.
  void id(const char* key) {
    if (const Node* node = present(key)) out[key] = id_of(*node);
  }
  void ids(const char* key) {
    const Node* node = present(key);
    if (node == nullptr) return;
    out[key] = Json::array();
    for (const Node* item : reader_.list(key)) out[key].push_back(id_of(*item));
  }
  void string_map(const char* key) {
    const Node* node = present(key);
    if (node == nullptr) return;
    if (node->kind != Node::Kind::map) return wrong(*node, key, "a map");
    Json& map = out[key] = Json::object();
    std::vector<std::pair<std::string, std::string>> sorted;
    for (const auto& entry : node->entries) {
      if (entry.value.kind != Node::Kind::scalar) {
        wrong(entry.value, std::string(key) + "." + entry.key, "a string");
      } else {
        sorted.emplace_back(entry.key, entry.value.scalar);
      }
    }
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [name, value] : sorted) map[name] = value;
  }
  /// A list of maps, each converted by `each`.
  template <typename Each>
  void maps(const char* key, Each&& each) {
    if (present(key) == nullptr) return;
    Json list = Json::array();
    int index = 0;
    for (const Node* item : reader_.list(key)) {
      Converter inner(*item, what_ + "." + key + "[" + std::to_string(index++) + "]", diagnostics_);
      each(inner);
      inner.reader_.finish();
      list.push_back(std::move(inner.out));
    }
    out[key] = std::move(list);
  }
  /// A map converted by `each`; `always` writes it also when it is absent.
  template <typename Each>
  void map(const char* key, bool always, Each&& each) {
    static const Node nothing = [] {
      Node node;
      node.kind = Node::Kind::map;
      return node;
    }();
    const Node* node = present(key);
    if (node == nullptr && !always) return;
    Converter inner(node == nullptr ? nothing : *node, what_ + "." + key, diagnostics_);
    each(inner);
    inner.reader_.finish();
    out[key] = std::move(inner.out);
  }
  /// The OCI runtime's resources as they are written: plain scalars are numbers or booleans where
  /// they look so.
  void verbatim(const char* key) {
    const Node* node = present(key);
    if (node == nullptr) return;
    if (node->kind != Node::Kind::map) return wrong(*node, key, "a map");
    out[key] = verbatim_of(*node);
  }
  void finish() { reader_.finish(); }

 private:
  const Node* present(const char* key) {
    const Node* node = reader_.get(key);
    return node == nullptr || node->kind == Node::Kind::null ? nullptr : node;
  }
  void wrong(const Node& node, const std::string& key, const std::string& wanted) {
    diagnostics_.error(
        node.where, what_ + ": " + key + " must be " + wanted + ", not " + yaml::kind_name(node));
  }
  Json id_of(const Node& node) {
    if (const auto number = as_integer(node)) return *number;
    if (node.kind == Node::Kind::scalar) return node.scalar;
    wrong(node, "a user or group", "a number or a name");
    return nullptr;
  }
  static Json verbatim_of(const Node& node) {
    switch (node.kind) {
      case Node::Kind::null:
        return nullptr;
      case Node::Kind::list: {
        Json list = Json::array();
        for (const Node& item : node.items) list.push_back(verbatim_of(item));
        return list;
      }
      case Node::Kind::map: {
        Json map = Json::object();
        for (const auto& entry : node.entries) map[entry.key] = verbatim_of(entry.value);
        return map;
      }
      case Node::Kind::scalar:
        break;
    }
    if (const auto number = as_integer(node)) return *number;
    if (!node.quoted && node.scalar == "true") return true;
    if (!node.quoted && node.scalar == "false") return false;
    return node.scalar;
  }

  yaml::MapReader reader_;
  std::string what_;
  Diagnostics& diagnostics_;
};

void mount(Converter& c) {
  c.plain_string("destination");
  c.string("type");
  c.string("source");
  c.strings_if_any("options");
}

void device(Converter& c) {
  c.plain_string("path");
  c.plain_string("type");
  c.plain_integer("major");
  c.plain_integer("minor");
  c.plain_string("mode");
}

void id_mapping(Converter& c) {
  for (const char* key : {"containerID", "hostID", "size"}) c.plain_integer(key);
}

void interface(Converter& c) {
  for (const char* key : {"name", "add", "peer"}) c.string(key);
  c.plain_boolean("createInRoot");
}

void runtime(Converter& c) {
  c.strings("cgroups");
  c.maps("mounts", mount);
  c.strings("mkdir");
  c.maps("interfaces", interface);
  c.map("bindNS", true, [](Converter& inner) {
    for (const char* key : {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"})
      inner.kept_string(key);
  });
  c.kept_string("namespace");
}

/// Go's encoder writes these as escapes, and the label shall be the same bytes.
std::string escape_like_go(const std::string& json) {
  std::string out;
  for (const char c : json) {
    switch (c) {
      case '<':
        out += "\\u003c";
        break;
      case '>':
        out += "\\u003e";
        break;
      case '&':
        out += "\\u0026";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

std::string config_label(const Node& config, Diagnostics& diagnostics) {
  if (config.kind == Node::Kind::null) return "";
  Converter c(config, "config", diagnostics);
  for (const char* key : {"capabilities", "capabilities.add", "ambient"}) c.strings(key);
  c.maps("mounts", mount);
  for (const char* key : {"binds", "binds.add"}) c.strings(key);
  c.maps("devices", device);
  for (const char* key : {"tmpfs", "command", "env"}) c.strings(key);
  for (const char* key : {"cwd", "net", "pid", "ipc", "uts", "userns", "hostname"}) c.string(key);
  c.boolean("readonly");
  for (const char* key : {"maskedPaths", "readonlyPaths"}) c.strings(key);
  for (const char* key : {"uid", "gid"}) c.id(key);
  c.ids("additionalGids");
  c.boolean("noNewPrivileges");
  c.integer("oomScoreAdj");
  for (const char* key : {"rootfsPropagation", "cgroupsPath"}) c.kept_string(key);
  c.verbatim("resources");
  c.string_map("sysctl");
  c.strings("rlimits");
  for (const char* key : {"uidMappings", "gidMappings"}) c.maps(key, id_mapping);
  c.string_map("annotations");
  c.map("runtime", false, runtime);
  c.finish();
  return escape_like_go(c.out.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace rtfx::pkg
