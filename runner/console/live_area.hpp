// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "runner/console/terminal.hpp"

namespace rtfx::console {

/// Lines at the bottom of a terminal that are drawn again and again: makes the sequences (ECMA-48)
/// and remembers what is there.
class LiveArea {
 public:
  struct Line {
    std::string text;
    std::size_t width = 0;  ///< columns; less than the terminal has
  };

  bool shown() const { return !widths_.empty(); }
  /// What removes the lines, leaving the cursor where they began; "" when there are none. Lines
  /// that have become longer than the terminal is wide count as often as they were broken.
  std::string erase(Size size);
  /// What draws the lines where the cursor is, at the start of a line; they are not shown before.
  std::string draw(const std::vector<Line>& lines);
  /// What erase() would return now.
  std::string erasing(Size size) const;

 private:
  std::vector<std::size_t> widths_;
};

}  // namespace rtfx::console
