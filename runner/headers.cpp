// SPDX-License-Identifier: Apache-2.0
#include "runner/headers.hpp"

#include <charconv>

#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::runner {
namespace {

std::optional<int> parse_number(std::string_view text) {
  int value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

class HeaderReader {
 public:
  HeaderReader(const std::filesystem::path& script, Diagnostics& diagnostics)
      : where_{script, 0}, diagnostics_(diagnostics) {}

  Headers read(std::string_view text) {
    while (!text.empty()) {
      ++where_.line;
      const auto end = text.find('\n');
      line(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return std::move(headers_);
  }

 private:
  void line(std::string_view line) {
    if (!line.starts_with("# ")) return;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return;
    header(line.substr(2, colon - 2), text::printable(text::trim(line.substr(colon + 1))));
  }

  void header(std::string_view key, const std::string& value) {
    if (value.empty()) return;
    if (key == "NAME") once(headers_.name, key, value);
    if (key == "SUMMARY") once(headers_.summary, key, value);
    if (key == "AUTHOR") append(headers_.author, value);
    if (key == "ISSUE") append(headers_.issue, value);
    if (key == "LABELS") headers_.labels.add(value);
    if (key == "REPEAT") repeat(value);
    if (key == "TIMEOUT") timeout(value);
  }

  void once(std::string& field, std::string_view key, const std::string& value) {
    if (!field.empty())
      diagnostics_.error(where_,
                         std::string(key) + " stands twice in this script: keep one of the lines");
    field = value;
  }

  static void append(std::string& field, const std::string& value) {
    field += (field.empty() ? "" : " ") + value;
  }

  /// "3", or "slow:3", or several of them with commas or blanks between.
  void repeat(std::string value) {
    for (char& c : value) {
      if (c == ' ' || c == '\t') c = ',';
    }
    for (const std::string& part : text::split_list(value)) {
      const auto colon = part.rfind(':');
      const auto number =
          parse_number(std::string_view(part).substr(colon == std::string::npos ? 0 : colon + 1));
      if (!number || *number < 0 || colon == 0) {
        diagnostics_.error(where_,
                           "REPEAT: \"" + part + "\" is neither a number from 0 nor LABEL:NUMBER");
      } else if (colon != std::string::npos) {
        headers_.repeat_labels[part.substr(0, colon)] = *number;
      } else if (*number > 0) {
        headers_.repeat = *number;
        headers_.repeated = true;
      }
    }
  }

  void timeout(const std::string& value) {
    headers_.timeout = parse_time_limit(value);
    if (!headers_.timeout)
      diagnostics_.error(
          where_, "TIMEOUT: \"" + value + "\" is not a time: expected seconds, or 30s, 5m or 1h");
  }

  Location where_;
  Diagnostics& diagnostics_;
  Headers headers_;
};

}  // namespace

std::optional<std::chrono::seconds> parse_time_limit(std::string_view text) {
  text = text::trim(text);
  int unit = 1;
  if (!text.empty() && (text.back() < '0' || text.back() > '9')) {
    const char letter = text.back();
    if (letter != 's' && letter != 'm' && letter != 'h') return std::nullopt;
    unit = letter == 's' ? 1 : letter == 'm' ? 60 : 3600;
    text.remove_suffix(1);
  }
  const auto number = parse_number(text);
  constexpr int longest = 365 * 24 * 3600;
  if (!number || *number <= 0 || *number > longest / unit) return std::nullopt;
  return std::chrono::seconds(*number * unit);
}

Headers read_headers(const std::filesystem::path& script, Diagnostics& diagnostics) {
  std::string text;
  try {
    text = read_file(script);
  } catch (const Error& error) {
    diagnostics.error({script, 0}, error.what());
    return {};
  }
  return HeaderReader(script, diagnostics).read(text);
}

}  // namespace rtfx::runner
