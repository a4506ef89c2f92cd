// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/oci/difference_layers.hpp"

namespace rtfx::oci {

namespace {

using Json = nlohmann::json;

/// More fields than these are only counted.
constexpr std::size_t most_fields = 10;

std::string shown(const Json& value) {
  constexpr std::size_t longest = 200;
  const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() <= longest ? text : text.substr(0, longest) + "...";
}

/// The places below `path` at which two values differ, each with both values.
void compare(const Json& a, const Json& b, const std::string& path,
             std::vector<std::string>& lines) {
  if (a == b) return;
  if (a.is_object() && b.is_object()) {
    Json keys = a;
    keys.update(b);
    for (const auto& [key, value] : keys.items()) {
      const std::string place = path + "." + text::one_line(key);
      if (!a.contains(key))
        lines.push_back(place + " is only in the second: " + shown(b[key]));
      else if (!b.contains(key))
        lines.push_back(place + " is only in the first: " + shown(a[key]));
      else
        compare(a[key], b[key], place, lines);
    }
  } else if (a.is_array() && b.is_array() && a.size() == b.size()) {
    for (std::size_t i = 0; i < a.size(); ++i)
      compare(a[i], b[i], fmt::format("{}[{}]", path, i), lines);
  } else {
    lines.push_back((path.empty() ? "." : path) + " is " + shown(a) + " in the first, " + shown(b) +
                    " in the second");
  }
}

/// Bytes that are no JSON are compared as a string of them.
Json parsed(const std::string& bytes) {
  Json json = Json::parse(bytes, nullptr, false);
  return json.is_discarded() ? Json(text::printable(bytes)) : json;
}

std::vector<std::string> compare_documents(const std::string& what, Json a, Json b,
                                           const std::vector<std::string>& left_out) {
  for (Json* json : {&a, &b}) {
    for (const std::string& key : left_out) {
      if (json->is_object()) json->erase(key);
    }
  }
  std::vector<std::string> lines;
  compare(a, b, "", lines);
  if (lines.size() > most_fields) {
    const std::size_t more = lines.size() - most_fields;
    lines.resize(most_fields);
    lines.push_back(fmt::format("and {} more fields", more));
  }
  for (std::string& line : lines) line.insert(0, what + ": ");
  return lines;
}

void append(std::vector<std::string>& lines, std::vector<std::string> more) {
  std::move(more.begin(), more.end(), std::back_inserter(lines));
}

std::vector<std::string> compare_layers(const Store& store, const Manifest& a, const Manifest& b) {
  std::vector<std::string> lines;
  const std::size_t both = std::min(a.layers.size(), b.layers.size());
  for (std::size_t i = 0; i < both; ++i) {
    if (a.layers[i].digest == b.layers[i].digest) continue;
    const std::string name = fmt::format("layer {} of {}", i + 1, a.layers.size());
    in_context(name, [&] {
      lines.push_back(name + ": " + explain_layers(store, a.layers[i], b.layers[i]));
    });
  }
  if (a.layers.size() != b.layers.size())
    lines.push_back(fmt::format("the number of layers: {}, {}", a.layers.size(), b.layers.size()));
  return lines;
}

}  // namespace

std::vector<std::string> explain_difference(const Store& store, const Descriptor& a,
                                            const Descriptor& b) {
  if (a.digest == b.digest) return {};
  const std::string texts[] = {store.read(a), store.read(b)};
  const Manifest first = parse_manifest(texts[0]), second = parse_manifest(texts[1]);

  std::vector<std::string> lines;
  if (first.config.digest != second.config.digest) {
    // What the layers are follows from them.
    lines = compare_documents("configuration", parsed(store.read(first.config)),
                              parsed(store.read(second.config)), {"rootfs"});
  }
  append(lines, compare_layers(store, first, second));
  append(lines,
         compare_documents("manifest", parsed(texts[0]), parsed(texts[1]), {"config", "layers"}));
  if (lines.empty())
    append(lines, compare_documents("configuration", parsed(store.read(first.config)),
                                    parsed(store.read(second.config)), {}));
  if (lines.empty())
    append(lines, compare_documents("manifest", parsed(texts[0]), parsed(texts[1]), {}));
  if (lines.empty()) lines.push_back("the same values, but the manifests are written differently");
  return lines;
}

}  // namespace rtfx::oci
