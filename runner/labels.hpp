// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace rtfx::runner {

/// A sorted set of labels. Cases have few, and there can be many cases: a vector takes a third of
/// what a std::set does.
class LabelSet {
 public:
  using const_iterator = std::vector<std::string>::const_iterator;

  bool empty() const { return labels_.empty(); }
  std::size_t size() const { return labels_.size(); }
  const_iterator begin() const { return labels_.begin(); }
  const_iterator end() const { return labels_.end(); }
  bool contains(std::string_view label) const {
    return std::binary_search(labels_.begin(), labels_.end(), label);
  }
  void insert(std::string_view label);
  void insert(const LabelSet& others);
  void erase(std::string_view label);
  bool intersects(const LabelSet& others) const;
  bool operator==(const LabelSet&) const = default;

 private:
  std::vector<std::string> labels_;
};

/// A set of labels that are asked for and a set that must not be there ("!label").
struct Labels {
  LabelSet wanted;
  LabelSet unwanted;

  /// Adds "a, b, !c"; blanks around names do not count.
  void add(std::string_view list);
  /// Takes over the labels of the parent group. A label can be wanted and unwanted then: such a
  /// case never runs.
  void inherit(const Labels& parent);
  bool empty() const { return wanted.empty() && unwanted.empty(); }
  /// Sorted, '!' before the unwanted ones, which come first.
  std::vector<std::string> list() const;
  /// The same with `separator` between.
  std::string str(std::string_view separator) const;
};

/// Whether something labelled `labels` runs on a host (or for a target) that has `present`, as rtf
/// decides it.
bool labels_match(const Labels& labels, const Labels& present);

}  // namespace rtfx::runner
