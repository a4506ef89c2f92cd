// SPDX-License-Identifier: Apache-2.0
#include "runner/console/live_area.hpp"

#include <algorithm>

namespace rtfx::console {

std::string LiveArea::erasing(Size size) const {
  if (widths_.empty()) return "";
  std::size_t rows = 0;
  for (const std::size_t width : widths_)
    rows += std::max<std::size_t>(1, (width + size.columns - 1) / size.columns);
  const std::size_t up = std::min(rows, size.rows) - 1;
  return "\r" + (up > 0 ? "\x1b[" + std::to_string(up) + "A" : std::string()) + "\x1b[J";
}

std::string LiveArea::erase(Size size) {
  std::string sequence = erasing(size);
  widths_.clear();
  return sequence;
}

std::string LiveArea::draw(const std::vector<Line>& lines) {
  std::string text;
  for (const Line& line : lines) {
    if (!widths_.empty()) text += "\r\n";
    text += line.text;
    widths_.push_back(line.width);
  }
  return text;
}

}  // namespace rtfx::console
