// SPDX-License-Identifier: Apache-2.0
//
// The merged document as text: for --dry-run, for `metadata:` files, and as the part of a cache key
// that stands for the spec.
#include <algorithm>
#include <array>
#include <cctype>
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

/// The document with its sections in the usual order.
Json sections_of(const ImageSpec& spec) {
  Json result = Json::object();
  for (const std::string_view name : sections) {
    if (const Node* section = spec.merged.find(name))
      result[std::string(name)] = to_json(*section, "");
  }
  return result;
}

/// The same with image references in full.
Json document(const ImageSpec& spec) {
  Json result = sections_of(spec);
  for (auto& [name, value] : result.items()) {
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

bool is_one_of(std::string word, std::initializer_list<std::string_view> words) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Whether every YAML reader takes the bare text for this string.
bool is_plain(const std::string& text) {
  const auto among = [](unsigned char c, std::string_view more) {
    return std::isalnum(c) != 0 || more.find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (text.empty() || !among(static_cast<unsigned char>(text[0]), "/_$") ||
      text.find_first_not_of("0123456789+-.:_eExXoO") == std::string::npos ||
      std::isdigit(static_cast<unsigned char>(text[0])) != 0)
    return false;
  if (is_one_of(text, {"true", "false", "yes", "no", "on", "off", "y", "n", "null"})) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool inside = i + 1 < text.size() && text[i + 1] != ' ';
    if (!among(static_cast<unsigned char>(text[i]), "/_$.=@+,-") &&
        !(inside && (text[i] == ':' || text[i] == ' ')))
      return false;
  }
  return true;
}

/// Whether it can be written as lines of its own, as they are.
bool is_block(const std::string& text) {
  return text.size() > 1 && text.ends_with('\n') && !text.ends_with("\n\n") && text[0] != ' ' &&
         text[0] != '\n' && text.find(" \n") == std::string::npos &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); });
}

/// YAML in block style.
class YamlWriter {
 public:
  /// For machines: strings are double-quoted, so that no reader takes them for something else.
  explicit YamlWriter(std::size_t step, bool readable) : step_(step), readable_(readable) {}
  std::string write(const Json& document) {
    put(document, 0);
    return out_.empty() ? "{}\n" : out_;
  }

 private:
  void put(const Json& value, std::size_t column);
  void put_list(const Json& list, std::size_t column);
  void put_scalar(const Json& value, std::size_t column);
  /// The next stop to the right, counted from the left edge, as Go's yaml package does it.
  std::size_t deeper(std::size_t column) const { return (column / step_ + 1) * step_; }

  std::size_t step_;
  bool readable_;
  std::string out_;
};

void YamlWriter::put_scalar(const Json& value, std::size_t column) {
  if (!readable_ || !value.is_string()) {
    out_ += " " + quote(value) + "\n";
    return;
  }
  const std::string& text = value.get_ref<const std::string&>();
  if (!is_block(text)) {
    out_ += " " + (is_plain(text) ? text : quote(value)) + "\n";
    return;
  }
  out_ += " |\n";
  std::size_t start = 0;
  for (std::size_t end = 0; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    if (end > start) out_ += std::string(column, ' ') + text.substr(start, end - start);
    out_ += "\n";
  }
}

void YamlWriter::put_list(const Json& list, std::size_t column) {
  for (const Json& item : list) {
    out_ += std::string(column, ' ') + "-";
    if (item.is_structured() && !item.empty()) {
      const std::size_t start = out_.size();
      put(item, column + 2);
      out_.replace(start, column + 2, " ");
    } else {
      put_scalar(item, deeper(column));
    }
  }
}

void YamlWriter::put(const Json& value, std::size_t column) {
  if (value.is_array()) return put_list(value, column);
  for (const auto& [key, item] : value.items()) {
    const bool plain = std::all_of(key.begin(), key.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '.' || c == '_';
    });
    out_ += std::string(column, ' ') + (plain && !key.empty() ? key : quote(key)) + ":";
    if (item.is_structured() && !item.empty()) {
      out_ += "\n";
      put(item, deeper(column));
    } else {
      put_scalar(item, deeper(column));
    }
  }
}

}  // namespace

std::string merged_yaml(const ImageSpec& spec) {
  return YamlWriter(2, false).write(document(spec));
}

std::string readable_yaml(const ImageSpec& spec) {
  Json document = Json::object();
  const Json written = sections_of(spec);
  for (const std::string_view name :
       {"kernel", "init", "onboot", "onshutdown", "services", "files", "volumes"}) {
    const auto section = written.find(std::string(name));
    if (section != written.end()) {
      document[std::string(name)] = *section;
    } else if (name != "kernel") {
      document[std::string(name)] = Json::array();
    }
  }
  return YamlWriter(4, true).write(document);
}

std::string canonical_json(const ImageSpec& spec, const char* section, std::size_t index) {
  const Json all = document(spec);
  // This type sorts its keys.
  const nlohmann::json sorted = nlohmann::json::parse(quote(all.at(section).at(index)));
  return sorted.dump();
}

std::string merged_json(const ImageSpec& spec) {
  return document(spec).dump(4, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace rtfx::image
