// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/waivers.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/text.hpp"
#include "base/yaml.hpp"
#include "runner/pattern.hpp"

namespace rtfx::gate {
namespace {

bool is_glob(const std::string& pattern) {
  return pattern.find_first_of("*?[") != std::string::npos;
}

/// Whether the text is a day of the calendar, as "YYYY-MM-DD".
bool is_date(const std::string& text) {
  constexpr std::string_view shape = "dddd-dd-dd";
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (shape[i] == 'd' ? !digit : text[i] != '-') return false;
  }
  const std::chrono::year_month_day day{
      std::chrono::year(std::stoi(text.substr(0, 4))),
      std::chrono::month(static_cast<unsigned>(std::stoi(text.substr(5, 2)))),
      std::chrono::day(static_cast<unsigned>(std::stoi(text.substr(8, 2))))};
  return day.ok();
}

/// `arch:` is "all", a name or a list of names.
std::vector<std::string> read_arches(yaml::MapReader& reader,
                                     const std::vector<std::string>& known) {
  const yaml::Node* value = reader.require("arch");
  if (value == nullptr) return {};
  std::vector<const yaml::Node*> items;
  if (value->kind == yaml::Node::Kind::list) {
    for (const yaml::Node& item : value->items) items.push_back(&item);
    if (items.empty()) reader.error(value->where, "arch: expected all, or names of arches");
  } else {
    items.push_back(value);
  }
  std::vector<std::string> arches;
  for (const yaml::Node* item : items) {
    if (item->kind != yaml::Node::Kind::scalar) {
      reader.error(item->where,
                   "arch: expected all, or names of arches, got " + yaml::kind_name(*item));
    } else if (item->scalar == "all" && items.size() == 1) {
      return {};
    } else if (std::find(known.begin(), known.end(), item->scalar) == known.end()) {
      reader.error(item->where, "arch: the project has no arch \"" + item->scalar + "\"" +
                                    text::did_you_mean(item->scalar, known));
    } else {
      arches.push_back(item->scalar);
    }
  }
  return arches;
}

std::string text_of(yaml::MapReader& reader, const char* key) {
  const std::string given = text::flattened(reader.required_string(key));
  const std::string value(text::trim(given));
  if (value.empty() && !given.empty())
    reader.error(reader.get(key)->where, std::string(key) + ": must not be blank");
  return value;
}

Waiver read_waiver(const yaml::Node& node, const std::vector<std::string>& arches,
                   Diagnostics& diagnostics) {
  yaml::MapReader reader(node, "waiver", diagnostics);
  Waiver waiver;
  waiver.where = node.where.file.filename().string() + ":" + std::to_string(node.where.line);
  if (node.kind != yaml::Node::Kind::map) return waiver;
  waiver.pattern = text_of(reader, "case");
  waiver.arches = read_arches(reader, arches);
  waiver.reason = text_of(reader, "reason");
  waiver.author = text_of(reader, "author");
  waiver.expires = text_of(reader, "expires");
  const yaml::Node* expires = reader.get("expires");
  if (expires != nullptr && !is_date(waiver.expires))
    reader.error(expires->where,
                 "expires: expected a date, YYYY-MM-DD, got " + yaml::kind_name(*expires));
  reader.finish();
  return waiver;
}

}  // namespace

bool Waiver::covers(const results::UnitId& unit) const {
  if (unit.kind != "case") return false;
  if (!arches.empty() && std::find(arches.begin(), arches.end(), unit.arch) == arches.end())
    return false;
  if (is_glob(pattern)) return runner::glob_matches(pattern, unit.name);
  return unit.name == pattern || unit.name.starts_with(pattern + ".");
}

std::vector<Waiver> parse_waivers(std::string_view text, const std::filesystem::path& file,
                                  const std::vector<std::string>& arches,
                                  Diagnostics& diagnostics) {
  const yaml::Node root = yaml::parse(text, file, diagnostics);
  if (root.kind == yaml::Node::Kind::null) return {};
  if (root.kind != yaml::Node::Kind::list) {
    diagnostics.error(root.where, "expected a list of waivers, got " + yaml::kind_name(root));
    return {};
  }
  std::vector<Waiver> waivers;
  for (const yaml::Node& item : root.items)
    waivers.push_back(read_waiver(item, arches, diagnostics));
  return waivers;
}

}  // namespace rtfx::gate
