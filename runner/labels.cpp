// SPDX-License-Identifier: Apache-2.0
#include "runner/labels.hpp"

#include "base/text.hpp"

namespace rtfx::runner {

void LabelSet::insert(std::string_view label) {
  const auto place = std::lower_bound(labels_.begin(), labels_.end(), label);
  if (place == labels_.end() || *place != label) labels_.insert(place, std::string(label));
}

void LabelSet::insert(const LabelSet& others) {
  for (const std::string& label : others) insert(label);
}

void LabelSet::erase(std::string_view label) {
  const auto place = std::lower_bound(labels_.begin(), labels_.end(), label);
  if (place != labels_.end() && *place == label) labels_.erase(place);
}

bool LabelSet::intersects(const LabelSet& others) const {
  return std::any_of(labels_.begin(), labels_.end(),
                     [&](const std::string& label) { return others.contains(label); });
}

void Labels::add(std::string_view list) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    const std::string_view label = text::trim(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    if (label.empty()) continue;
    if (label.front() != '!') {
      wanted.insert(label);
    } else if (const auto name = text::trim(label.substr(1)); !name.empty()) {
      unwanted.insert(name);
    }
  }
}

void Labels::inherit(const Labels& parent) {
  wanted.insert(parent.wanted);
  unwanted.insert(parent.unwanted);
}

std::vector<std::string> Labels::list() const {
  std::vector<std::string> all;
  for (const auto& label : unwanted) all.push_back("!" + label);
  all.insert(all.end(), wanted.begin(), wanted.end());
  return all;
}

std::string Labels::str(std::string_view separator) const { return text::join(list(), separator); }

bool labels_match(const Labels& labels, const Labels& present) {
  if (!labels.wanted.empty() && !labels.wanted.intersects(present.wanted)) return false;
  return !labels.unwanted.intersects(present.wanted) && !present.unwanted.intersects(labels.wanted);
}

}  // namespace rtfx::runner
