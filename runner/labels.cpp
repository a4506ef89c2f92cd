// SPDX-License-Identifier: Apache-2.0
#include "runner/labels.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace rtfx::runner {
namespace {

bool any_of_in(const std::set<std::string>& some, const std::set<std::string>& others) {
  return std::any_of(some.begin(), some.end(),
                     [&](const std::string& label) { return others.contains(label); });
}

}  // namespace

void Labels::add(std::string_view list) {
  for (const std::string& label : text::split_list(list)) {
    if (label.front() != '!') {
      wanted.insert(label);
      continue;
    }
    const auto name = text::trim(std::string_view(label).substr(1));
    if (!name.empty()) unwanted.emplace(name);
  }
}

void Labels::inherit(const Labels& parent) {
  wanted.insert(parent.wanted.begin(), parent.wanted.end());
  unwanted.insert(parent.unwanted.begin(), parent.unwanted.end());
}

std::string Labels::str(std::string_view separator) const {
  std::vector<std::string> parts;
  for (const auto& label : unwanted) parts.push_back("!" + label);
  parts.insert(parts.end(), wanted.begin(), wanted.end());
  return text::join(parts, separator);
}

bool labels_match(const Labels& labels, const Labels& present) {
  if (!labels.wanted.empty() && !any_of_in(labels.wanted, present.wanted)) return false;
  return !any_of_in(labels.unwanted, present.wanted) && !any_of_in(present.unwanted, labels.wanted);
}

}  // namespace rtfx::runner
