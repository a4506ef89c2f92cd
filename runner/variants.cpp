// SPDX-License-Identifier: Apache-2.0
#include "runner/variants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace rtfx::runner {
namespace {

constexpr std::size_t longest_name = 64;

bool is_name(std::string_view text) {
  constexpr std::string_view others = ".-_+";
  return !text.empty() && text.size() <= longest_name &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  others.find(c) != std::string_view::npos;
         });
}

/// "a,!b"; nullopt when one of them is empty.
std::optional<Labels> read_labels(std::string_view list) {
  Labels labels;
  for (const std::string& label : text::split(list, ',')) {
    if (label.empty() || label == "!") return std::nullopt;
    labels.add(label);
  }
  return labels;
}

}  // namespace

std::vector<Variant> read_variants(const std::vector<Headers::Item>& items,
                                   const std::filesystem::path& script, Diagnostics& diagnostics) {
  std::vector<Variant> variants;
  for (const auto& [text, line] : items) {
    const auto error = [&, number = line](const std::string& what) {
      diagnostics.error({script, number}, "VARIANTS: " + what);
    };
    const auto equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const auto labels =
        equals == std::string::npos ? Labels{} : read_labels(text.substr(equals + 1));
    const bool known = std::any_of(variants.begin(), variants.end(),
                                   [&](const Variant& other) { return other.name == name; });
    if (!is_name(name)) {
      error(
          fmt::format("\"{}\": expected NAME or NAME=LABEL,LABEL with a name of 1 to {} letters, "
                      "digits, '.', '-', '_' and '+'",
                      text, longest_name));
    } else if (!labels) {
      error(
          fmt::format("\"{}\" has an empty label: expected NAME=LABEL,LABEL without blanks", text));
    } else if (known) {
      error(fmt::format("\"{}\" stands twice: keep one of them", name));
    } else {
      variants.push_back({name, *labels});
    }
  }
  return variants;
}

}  // namespace rtfx::runner
