// SPDX-License-Identifier: Apache-2.0
#include "results/json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"

namespace rtfx::results {
namespace {

bool plain(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

void append_escaped(std::string& out, std::string_view clean) {
  for (const char c : clean) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += c;
    }
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  if (std::all_of(text.begin(), text.end(), plain)) {
    out += text;
  } else {
    append_escaped(out, text::printable(text));
  }
  out += '"';
}

std::string& JsonObject::value_of(std::string_view key) {
  if (!first_) out_ += ',';
  first_ = false;
  append_json_string(out_, key);
  out_ += ':';
  return out_;
}

void JsonObject::text(std::string_view key, std::string_view value) {
  append_json_string(value_of(key), value);
}

void JsonObject::number(std::string_view key, std::int64_t value) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  value_of(key).append(digits.data(), end);
}

void JsonObject::boolean(std::string_view key, bool value) {
  value_of(key) += value ? "true" : "false";
}

void JsonObject::list(std::string_view key, const std::vector<std::string>& values) {
  std::string& out = value_of(key);
  out += '[';
  for (const auto& value : values) {
    if (&value != &values.front()) out += ',';
    append_json_string(out, value);
  }
  out += ']';
}

void JsonObject::text_if(std::string_view key, std::string_view value) {
  if (!value.empty()) text(key, value);
}

void JsonObject::list_if(std::string_view key, const std::vector<std::string>& values) {
  if (!values.empty()) list(key, values);
}

void JsonObject::flag_if(std::string_view key, bool value) {
  if (value) boolean(key, true);
}

}  // namespace rtfx::results
