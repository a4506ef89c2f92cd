// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace rtfx::runner {

/// What a tree of cases has that rtf reads otherwise, or not at all, and rtfx reads as it is meant.
/// Users of both must know; one line for each kind will do.
class RtfDifferences {
 public:
  enum class Kind {
    blanks_in_labels,  ///< "a, b": rtf's label is " b"
    labels_again,      ///< a second LABELS line: rtf refuses the tree
    equal_names,       ///< two cases with one name: rtf mixes up their results
  };

  /// `what` is kept of the first of its kind.
  void add(Kind kind, const Location& where, const std::string& what);
  /// A line for each kind that there is: the first place, what it is, and how many more there are.
  std::vector<std::string> lines() const;

 private:
  struct Seen {
    std::string first;
    int count = 0;
  };
  std::array<Seen, 3> seen_;
};

}  // namespace rtfx::runner
