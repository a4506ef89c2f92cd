// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace rtfx::runner {

/// A set of labels that are asked for and a set that must not be there ("!label").
struct Labels {
  std::set<std::string> wanted;
  std::set<std::string> unwanted;

  /// Adds "a, b, !c"; blanks around names do not count.
  void add(std::string_view list);
  /// Takes over the labels of the parent group. A label can be wanted and unwanted then: such a
  /// case never runs.
  void inherit(const Labels& parent);
  /// Sorted, with `separator` between and '!' before the unwanted ones.
  std::string str(std::string_view separator) const;
};

/// Whether something labelled `labels` runs on a host (or for a target) that has `present`, as rtf
/// decides it.
bool labels_match(const Labels& labels, const Labels& present);

}  // namespace rtfx::runner
