// SPDX-License-Identifier: Apache-2.0
//
// JSON that is written as it comes: reports of many thousand results are never in memory as a whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rtfx::results {

/// Appends the text as a JSON string, quotes and all. Bytes that JSON or a terminal cannot take are
/// shown as text::printable shows them.
void append_json_string(std::string& out, std::string_view text);

/// The members of one JSON object, appended to a text in the order of the calls. The closing brace
/// comes with the destruction.
class JsonObject {
 public:
  /// `out` is not owned and must outlive this.
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;
  ~JsonObject() { out_ += '}'; }

  void text(std::string_view key, std::string_view value);
  void number(std::string_view key, std::int64_t value);
  void boolean(std::string_view key, bool value);
  void list(std::string_view key, const std::vector<std::string>& values);
  /// The same, but nothing at all for what is empty or false.
  void text_if(std::string_view key, std::string_view value);
  void list_if(std::string_view key, const std::vector<std::string>& values);
  void flag_if(std::string_view key, bool value);
  /// Writes the key; the caller appends the value to what is returned.
  std::string& value_of(std::string_view key);

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace rtfx::results
