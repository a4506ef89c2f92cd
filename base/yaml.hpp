// SPDX-License-Identifier: Apache-2.0
//
// One strict YAML reader for every file of rtfx. yaml-cpp parses; this layer adds what it leaves to its users:
// duplicate keys, further documents and alias bombs are errors, values are typed by what the schema asks for and not
// by guessing ("no" is a string where a string is wanted, 010 is ten), and every problem carries file:line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace rtfx::yaml {

/// A parsed value; owns everything below it. Aliases are expanded, `<<` is not special.
struct Node {
  enum class Kind { null, scalar, list, map };
  struct Entry;

  Kind kind = Kind::null;
  Location where;
  std::string scalar;       ///< for Kind::scalar: the text
  bool quoted = false;      ///< the scalar was quoted or a block scalar, so it can only be a string
  std::vector<Node> items;  ///< for Kind::list
  std::vector<Entry> entries;  ///< for Kind::map, in the order of the file; keys are unique

  const Node* find(std::string_view key) const;
};

struct Node::Entry {
  std::string key;
  Location where;
  Node value;
};

/// Parses `text`; problems go to `diagnostics` and give what could be understood. An empty document is Kind::null.
Node parse(std::string_view text, const std::filesystem::path& file, Diagnostics& diagnostics);
/// Reads and parses a file; a missing or unreadable file is a diagnostic.
Node parse_file(const std::filesystem::path& file, Diagnostics& diagnostics);

/// Word for messages: "a string", "a list", "a map", "nothing".
std::string kind_name(const Node& node);

/// Reads the keys of one map by type. Wrong types are diagnostics and give the default; `finish` reports the keys that
/// nobody asked for, with the nearest known key.
class MapReader {
 public:
  /// `what` names the map in messages: "package", "services[1]". A node that is not a map is a diagnostic.
  MapReader(const Node& node, std::string what, Diagnostics& diagnostics);

  /// The value of `key`, or null when it is absent; marks the key as known.
  const Node* get(std::string_view key);
  /// The same; absence is a diagnostic.
  const Node* require(std::string_view key);

  std::optional<std::string> string(std::string_view key);
  std::string string_or(std::string_view key, std::string_view fallback);
  std::string required_string(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  bool boolean_or(std::string_view key, bool fallback);
  std::optional<std::int64_t> integer(std::string_view key);
  /// A list of scalars; absent or null gives nullopt.
  std::optional<std::vector<std::string>> strings(std::string_view key);
  /// The items of a list; absent or null gives {}.
  std::vector<const Node*> list(std::string_view key);

  /// Reports unknown keys. Call it last.
  void finish();

  const Location& where() const { return node_.where; }
  void error(const Location& where, const std::string& message);

 private:
  const Node& node_;
  std::string what_;
  Diagnostics& diagnostics_;
  std::vector<std::string> known_;
};

}  // namespace rtfx::yaml
