// SPDX-License-Identifier: Apache-2.0
#include "base/yaml.hpp"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::yaml {
namespace {

/// Values that one document may expand to; an alias bomb ends here.
constexpr std::size_t most_nodes = 100'000;
constexpr int deepest = 200;

/// For a message: one line, and not the whole of a long text.
std::string shortened(const std::string& text) {
  constexpr std::size_t longest = 120;
  return text.size() <= longest ? text::one_line(text)
                                : text::one_line(text.substr(0, longest)) + "...";
}

/// Turns yaml-cpp's graph into our tree.
class Converter {
 public:
  Converter(const std::filesystem::path& file, Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics) {}

  /// Whether what was converted is only a part.
  bool gave_up() const { return gave_up_; }
  Node convert(const YAML::Node& from, int depth) {
    Node node;
    node.where = locate(from.Mark());
    if (gave_up_) return node;
    if (++nodes_ > most_nodes || depth > deepest) {
      diagnostics_.error(node.where,
                         "too large once its aliases are expanded, or nested too deeply");
      gave_up_ = true;
      return node;
    }
    switch (from.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        break;
      case YAML::NodeType::Scalar:
        convert_scalar(from, node);
        break;
      case YAML::NodeType::Sequence:
        node.kind = Node::Kind::list;
        for (const YAML::Node& item : from) node.items.push_back(convert(item, depth + 1));
        break;
      case YAML::NodeType::Map:
        node.kind = Node::Kind::map;
        for (const auto& pair : from) convert_entry(pair.first, pair.second, depth, node);
        break;
    }
    return node;
  }

 private:
  Location locate(const YAML::Mark& mark) const {
    return {file_, mark.line < 0 ? 0 : mark.line + 1};
  }

  static void convert_scalar(const YAML::Node& from, Node& node) {
    node.scalar = from.Scalar();
    node.quoted = from.Tag() == "!";
    const bool is_null =
        !node.quoted && (node.scalar == "~" || node.scalar == "null" || node.scalar.empty());
    node.kind = is_null ? Node::Kind::null : Node::Kind::scalar;
    if (is_null) node.scalar.clear();
  }

  void convert_entry(const YAML::Node& key, const YAML::Node& value, int depth, Node& node) {
    const Location where = locate(key.Mark());
    if (!key.IsScalar()) {
      diagnostics_.error(where, "a key must be a plain word, not a list or a map");
      return;
    }
    if (const Node* earlier = node.find(key.Scalar())) {
      diagnostics_.error(where, "the key \"" + shortened(key.Scalar()) +
                                    "\" is there twice, first near line " +
                                    std::to_string(earlier->where.line) + "; remove one");
      return;
    }
    Node converted = convert(value, depth + 1);
    if (converted.where.line == 0) converted.where = where;
    node.entries.push_back({key.Scalar(), where, std::move(converted)});
  }

  const std::filesystem::path& file_;
  Diagnostics& diagnostics_;
  std::size_t nodes_ = 0;
  bool gave_up_ = false;
};

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Node parse(std::string_view text, const std::filesystem::path& file, Diagnostics& diagnostics) {
  Node empty;
  empty.where = {file, 1};
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.empty()) return empty;
    if (documents.size() > 1) {
      diagnostics.error(
          {file, documents[1].Mark().line + 1},
          "a second document (after \"---\"); only one is read, put it into a file of its own");
    }
    Converter converter(file, diagnostics);
    Node node = converter.convert(documents.front(), 0);
    return converter.gave_up() ? empty : node;
  } catch (const YAML::DeepRecursion& error) {
    diagnostics.error({file, error.mark.line + 1}, "nested too deeply");
    return empty;
  } catch (const YAML::Exception& error) {
    diagnostics.error({file, error.mark.line + 1}, "not valid YAML: " + error.msg);
    return empty;
  }
}

Node parse_file(const std::filesystem::path& file, Diagnostics& diagnostics) {
  try {
    return parse(read_file(file), file, diagnostics);
  } catch (const Error& error) {
    diagnostics.error({}, error.what());
    Node empty;
    empty.where = {file, 0};
    return empty;
  }
}

std::string kind_name(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "\"" + shortened(node.scalar) + "\"";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
  }
  return "";
}

MapReader::MapReader(const Node& node, std::string what, Diagnostics& diagnostics)
    : node_(node), what_(std::move(what)), diagnostics_(diagnostics) {
  if (node_.kind != Node::Kind::map && node_.kind != Node::Kind::null) {
    error(node_.where, what_ + ": expected a map, got " + kind_name(node_));
  }
}

void MapReader::error(const Location& where, const std::string& message) {
  diagnostics_.error(where, message);
}

const Node* MapReader::get(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  return node_.find(key);
}

const Node* MapReader::require(std::string_view key) {
  const Node* value = get(key);
  if (value == nullptr && node_.kind == Node::Kind::map) {
    error(node_.where, what_ + ": \"" + std::string(key) + "\" is missing");
  } else if (value == nullptr && node_.kind == Node::Kind::null) {
    error(node_.where, what_ + ": is empty; \"" + std::string(key) + "\" is needed");
  }
  return value;
}

std::optional<std::string> MapReader::string(std::string_view key) {
  const Node* value = get(key);
  if (value == nullptr || value->kind == Node::Kind::null) return std::nullopt;
  if (value->kind == Node::Kind::scalar) return value->scalar;
  error(value->where,
        what_ + "." + std::string(key) + ": expected a string, got " + kind_name(*value));
  return std::nullopt;
}

std::string MapReader::string_or(std::string_view key, std::string_view fallback) {
  return string(key).value_or(std::string(fallback));
}

std::string MapReader::required_string(std::string_view key) {
  const Node* value = require(key);
  if (value == nullptr) return "";
  if (value->kind == Node::Kind::scalar && !value->scalar.empty()) return value->scalar;
  error(value->where,
        what_ + "." + std::string(key) + ": expected a string, got " + kind_name(*value));
  return "";
}

std::optional<bool> MapReader::boolean(std::string_view key) {
  const Node* value = get(key);
  if (value == nullptr || value->kind == Node::Kind::null) return std::nullopt;
  if (value->kind == Node::Kind::scalar && !value->quoted) {
    if (value->scalar == "true") return true;
    if (value->scalar == "false") return false;
  }
  error(value->where,
        what_ + "." + std::string(key) + ": expected true or false, got " + kind_name(*value));
  return std::nullopt;
}

bool MapReader::boolean_or(std::string_view key, bool fallback) {
  return boolean(key).value_or(fallback);
}

std::optional<std::int64_t> MapReader::integer(std::string_view key) {
  const Node* value = get(key);
  if (value == nullptr || value->kind == Node::Kind::null) return std::nullopt;
  if (value->kind == Node::Kind::scalar && !value->quoted) {
    std::int64_t number = 0;
    const char* end = value->scalar.data() + value->scalar.size();
    const auto [stop, problem] = std::from_chars(value->scalar.data(), end, number);
    if (problem == std::errc() && stop == end) return number;
  }
  error(value->where,
        what_ + "." + std::string(key) + ": expected a whole number, got " + kind_name(*value));
  return std::nullopt;
}

std::optional<std::vector<std::string>> MapReader::strings(std::string_view key) {
  const Node* value = get(key);
  if (value == nullptr || value->kind == Node::Kind::null) return std::nullopt;
  std::vector<std::string> all;
  if (value->kind != Node::Kind::list) {
    error(value->where, what_ + "." + std::string(key) + ": expected a list of strings, got " +
                            kind_name(*value));
    return all;
  }
  for (const Node& item : value->items) {
    if (item.kind == Node::Kind::scalar) {
      all.push_back(item.scalar);
    } else {
      error(item.where,
            what_ + "." + std::string(key) + ": expected a string, got " + kind_name(item));
    }
  }
  return all;
}

std::vector<const Node*> MapReader::list(std::string_view key) {
  const Node* value = get(key);
  std::vector<const Node*> all;
  if (value == nullptr || value->kind == Node::Kind::null) return all;
  if (value->kind != Node::Kind::list) {
    error(value->where,
          what_ + "." + std::string(key) + ": expected a list, got " + kind_name(*value));
    return all;
  }
  for (const Node& item : value->items) all.push_back(&item);
  return all;
}

void MapReader::finish() {
  for (const Node::Entry& entry : node_.entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    const std::string hint = text::did_you_mean(entry.key, known_);
    error(entry.where, what_ + ": unknown key \"" + shortened(entry.key) + "\"" +
                           (hint.empty() ? "; known: " + text::join(known_, ", ") : hint));
  }
}

}  // namespace rtfx::yaml
