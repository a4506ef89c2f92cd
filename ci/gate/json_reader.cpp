// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/json_reader.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace rtfx::gate {

Json parse_json(std::string_view text, const std::string& name) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error(name + ": it is not JSON: " + error.what(), ExitCode::usage);
  }
}

JsonReader::JsonReader(const Json& json, std::string where)
    : json_(json), where_(std::move(where)) {
  if (!json_.is_object())
    fail(fmt::format("expected an object, got {}", std::string(json_.type_name())));
}

void JsonReader::fail(const std::string& what) const {
  throw Error(where_ + ": " + what, ExitCode::usage);
}

const Json& JsonReader::member(const char* key) {
  known_.insert(key);
  const auto found = json_.find(key);
  if (found == json_.end()) fail(fmt::format("\"{}\" is missing", key));
  return *found;
}

bool JsonReader::has(const char* key) const { return json_.contains(key); }

void JsonReader::require_format(int known) {
  const Json& value = member("format");
  if (value != known)
    fail(fmt::format("format {} is not known, only {}; another version of rtfx wrote it",
                     value.dump(), known));
}

std::string JsonReader::text(const char* key) {
  const Json& value = member(key);
  if (!value.is_string()) fail(fmt::format("\"{}\": expected a string", key));
  return value.get<std::string>();
}

bool JsonReader::boolean(const char* key) {
  const Json& value = member(key);
  if (!value.is_boolean()) fail(fmt::format("\"{}\": expected true or false", key));
  return value.get<bool>();
}

std::optional<int> JsonReader::number_or_null(const char* key) {
  const Json& value = member(key);
  if (value.is_null()) return std::nullopt;
  const bool fits = value.is_number_unsigned() &&
                    value.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<int>::max()};
  if (!fits) fail(fmt::format("\"{}\": expected a number or null", key));
  return value.get<int>();
}

std::vector<std::string> JsonReader::texts(const char* key) {
  std::vector<std::string> all;
  for (const Json& item : list(key)) {
    if (!item.is_string()) fail(fmt::format("\"{}\": expected a list of strings", key));
    all.push_back(item.get<std::string>());
  }
  return all;
}

const Json& JsonReader::list(const char* key) {
  const Json& value = member(key);
  if (!value.is_array()) fail(fmt::format("\"{}\": expected a list", key));
  return value;
}

const Json& JsonReader::object(const char* key) {
  const Json& value = member(key);
  if (!value.is_object()) fail(fmt::format("\"{}\": expected an object", key));
  return value;
}

void JsonReader::finish() const {
  for (const auto& [key, value] : json_.items()) {
    if (!known_.contains(key)) fail(fmt::format("unknown member \"{}\"", key));
  }
}

}  // namespace rtfx::gate
