// SPDX-License-Identifier: Apache-2.0
//
// Strict reading of the gate's own JSON files: they travel between machines and decide what ships.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace rtfx::gate {

using Json = nlohmann::ordered_json;

/// Throws Error (ExitCode::usage) that begins with `name` when the text is not JSON.
Json parse_json(std::string_view text, const std::string& name);

/// Reads the members of one object by type. Each problem is an Error (ExitCode::usage) "NAME: WHERE: …".
class JsonReader {
 public:
  /// `where` is "file.json" or "file.json: requirements[3]". The JSON must outlive this.
  JsonReader(const Json& json, std::string where);

  /// Checks the member "format".
  void require_format(int known);
  std::string text(const char* key);
  bool boolean(const char* key);
  /// null is nullopt.
  std::optional<int> number_or_null(const char* key);
  std::vector<std::string> texts(const char* key);
  const Json& list(const char* key);
  const Json& object(const char* key);
  bool has(const char* key) const;
  const std::string& where() const { return where_; }

  /// Refuses members that nobody asked for.
  void finish() const;
  [[noreturn]] void fail(const std::string& what) const;

 private:
  const Json& member(const char* key);

  const Json& json_;
  std::string where_;
  std::set<std::string> known_;
};

}  // namespace rtfx::gate
