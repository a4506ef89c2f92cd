// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/fragment.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::kernel {

namespace {

constexpr std::string_view prefix = "CONFIG_";
constexpr std::string_view unset = " is not set";

bool is_option(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_';
  });
}

struct Setting {
  std::string option, value;
};

/// "CONFIG_X=y" or "# CONFIG_X is not set"; nullopt for any other line.
std::optional<Setting> parse_setting(std::string_view line) {
  line = text::trim(line);
  if (line.starts_with("# CONFIG_") && line.ends_with(unset)) {
    const std::string_view name = line.substr(2 + prefix.size());
    const std::string_view option = name.substr(0, name.size() - unset.size());
    return is_option(option) ? std::optional(Setting{std::string(option), "n"}) : std::nullopt;
  }
  const std::size_t equals = line.find('=');
  if (!line.starts_with(prefix) || equals == std::string_view::npos) return std::nullopt;
  const std::string_view option = line.substr(prefix.size(), equals - prefix.size());
  const std::string_view value = line.substr(equals + 1);
  if (!is_option(option) || value.empty()) return std::nullopt;
  return Setting{std::string(option), std::string(value)};
}

std::string written(const Request& request) {
  return request.value == "n" ? "CONFIG_" + request.option + " off"
                              : "CONFIG_" + request.option + "=" + request.value;
}

}  // namespace

std::vector<Request> read_fragment(const std::filesystem::path& file, Diagnostics& diagnostics) {
  std::vector<Request> requests;
  std::map<std::string, std::size_t> known;
  int number = 0;
  for (const std::string& line : text::split(read_file(file), '\n')) {
    ++number;
    const auto setting = parse_setting(line);
    const std::string_view words = text::trim(line);
    if (!setting && !words.empty() && !words.starts_with('#')) {
      diagnostics.error({file, number},
                        "\"" + text::one_line(words) +
                            "\": expected CONFIG_NAME=VALUE, or # CONFIG_NAME is not set");
    }
    if (!setting) continue;
    const auto [first, is_new] = known.emplace(setting->option, requests.size());
    if (is_new) {
      requests.push_back({setting->option, setting->value, {file, number}});
    } else if (const Request& other = requests[first->second]; other.value != setting->value) {
      diagnostics.error({file, number}, "CONFIG_" + setting->option + " is " + setting->value +
                                            " here and " + other.value + " in line " +
                                            std::to_string(other.where.line) +
                                            "; keep one of them");
    }
  }
  return requests;
}

std::vector<Request> merge(const std::vector<std::vector<Request>>& fragments) {
  std::vector<Request> merged;
  std::map<std::string, std::size_t> known;
  for (const std::vector<Request>& fragment : fragments) {
    for (const Request& request : fragment) {
      const auto [place, is_new] = known.emplace(request.option, merged.size());
      if (is_new) {
        merged.push_back(request);
      } else {
        merged[place->second] = request;
      }
    }
  }
  return merged;
}

Config parse_config(std::string_view text) {
  Config config;
  for (const std::string& line : text::split(text, '\n')) {
    const auto setting = parse_setting(line);
    if (setting && setting->value != "n") config[setting->option] = setting->value;
  }
  return config;
}

std::vector<std::string> unmet(const std::vector<Request>& requests, const Config& config) {
  std::vector<std::string> lines;
  for (const Request& request : requests) {
    const auto found = config.find(request.option);
    const std::string got = found == config.end() ? "n" : found->second;
    if (got == request.value) continue;
    lines.push_back(request.where.str() + ": " + written(request) +
                    " was asked for, but the result " +
                    (got == "n" ? "does not have it" : "has " + got));
  }
  return lines;
}

}  // namespace rtfx::kernel
