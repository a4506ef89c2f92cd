// SPDX-License-Identifier: Apache-2.0
//
// The merged document as text: for --dry-run, for `metadata:` files, and as the part of a cache key
// that stands for the spec.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "harness/image/image.hpp"
#include "harness/image/spec.hpp"
#include "harness/oci/reference.hpp"

namespace rtfx::image {

namespace {

using Json = nlohmann::ordered_json;
using yaml::Node;

constexpr std::array<std::string_view, 7> sections = {"kernel",   "init",    "onboot", "onshutdown",
                                                      "services", "volumes", "files"};
constexpr std::array<std::string_view, 7> booleans = {"directory",       "optional",     "readonly",
                                                      "noNewPrivileges", "createInRoot", "allow",
                                                      "disableOOMKiller"};
constexpr std::array<std::string_view, 25> numbers = {
    "major",           "minor",          "hostID",      "containerID", "size",
    "oomScoreAdj",     "limit",          "reservation", "swap",        "kernel",
    "kernelTCP",       "swappiness",     "shares",      "quota",       "period",
    "weight",          "leafWeight",     "rate",        "classID",     "priority",
    "realtimeRuntime", "realtimePeriod", "uid",         "gid",         "additionalGids"};

template <std::size_t n>
bool among(std::string_view key, const std::array<std::string_view, n>& keys) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// A scalar has the type that its key asks for; an id is a number only when it is written as one.
Json scalar(const Node& node, std::string_view key) {
  if (!node.quoted && among(key, booleans)) return node.scalar == "true";
  const bool digits = !node.scalar.empty() &&
                      node.scalar.find_first_not_of("0123456789", node.scalar[0] == '-' ? 1 : 0) ==
                          std::string::npos;
  if (!node.quoted && digits && among(key, numbers) && node.scalar.size() < 20)
    return std::stoll(node.scalar);
  return node.scalar;
}

Json to_json(const Node& node, std::string_view key) {
  // The keys of these two are the user's own.
  const bool free_keys = key == "sysctl" || key == "annotations";
  switch (node.kind) {
    case Node::Kind::null:
      return nullptr;
    case Node::Kind::scalar:
      return scalar(node, key);
    case Node::Kind::list: {
      Json list = Json::array();
      for (const Node& item : node.items) list.push_back(to_json(item, key));
      return list;
    }
    case Node::Kind::map: {
      Json map = Json::object();
      for (const Node::Entry& entry : node.entries) {
        if (entry.value.kind != Node::Kind::null)
          map[entry.key] = to_json(entry.value, free_keys ? "" : std::string_view(entry.key));
      }
      return map;
    }
  }
  return nullptr;
}

void expand(Json& object, const char* key) {
  if (object.contains(key)) object[key] = oci::expand_reference(object[key].get<std::string>());
}

/// The document with its sections in the usual order and image references in full.
Json document(const ImageSpec& spec) {
  Json result = Json::object();
  for (const std::string_view name : sections) {
    const Node* section = spec.merged.find(name);
    if (section == nullptr) continue;
    Json& value = result[std::string(name)] = to_json(*section, "");
    if (name == "kernel") {
      expand(value, "image");
    } else if (name == "init") {
      for (Json& item : value) item = oci::expand_reference(item.get<std::string>());
    } else if (name != "files") {
      for (Json& item : value) expand(item, "image");
    }
  }
  return result;
}

std::string quote(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Block style, two spaces a level; strings are double-quoted, so that no reader takes them for
/// something else.
void write_yaml(const Json& value, const std::string& indent, std::string& out) {
  if (value.is_array() && !value.empty()) {
    for (const Json& item : value) {
      out += indent + "-";
      if (item.is_structured() && !item.empty()) {
        std::string nested;
        write_yaml(item, indent + "  ", nested);
        out += " " + nested.substr(indent.size() + 2);
      } else {
        out += " " + quote(item) + "\n";
      }
    }
    return;
  }
  for (const auto& [key, item] : value.items()) {
    const bool plain = std::all_of(key.begin(), key.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '.' || c == '_';
    });
    out += indent + (plain && !key.empty() ? key : quote(key)) + ":";
    if (item.is_structured() && !item.empty()) {
      out += "\n";
      write_yaml(item, indent + "  ", out);
    } else {
      out += " " + quote(item) + "\n";
    }
  }
}

}  // namespace

std::string merged_yaml(const ImageSpec& spec) {
  std::string out;
  write_yaml(document(spec), "", out);
  return out.empty() ? "{}\n" : out;
}

std::string merged_json(const ImageSpec& spec) {
  return document(spec).dump(4, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace rtfx::image
