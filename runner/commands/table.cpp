// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/table.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::commands {
namespace {

constexpr std::size_t tab_width = 8;

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

std::string tab_table(
    const Rows& rows,
    const std::function<std::string(std::size_t, std::size_t, const std::string&)>& decorate) {
  std::vector<std::size_t> stops;  // the tab stop where each column but the last ends
  for (const auto& row : rows) {
    for (std::size_t column = 0; column + 1 < row.size(); ++column) {
      if (stops.size() <= column) stops.push_back(0);
      const std::size_t stop =
          (width_of(text::flattened(row[column])) + tab_width - 1) / tab_width * tab_width;
      stops[column] = std::max(stops[column], stop);
    }
  }
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t column = 0; column < rows[r].size(); ++column) {
      const std::string cell = text::flattened(rows[r][column]);
      out += decorate ? decorate(r, column, cell) : cell;
      if (column + 1 == rows[r].size()) break;
      const std::size_t tabs = (stops[column] - width_of(cell) + tab_width - 1) / tab_width;
      // rtf glues the widest cell to the next one when it ends at a tab stop; nothing is gained by
      // doing so.
      const bool glued = tabs == 0 && !cell.empty() && !rows[r][column + 1].empty();
      out.append(glued ? 1 : tabs, '\t');
    }
    out += '\n';
  }
  return out;
}

bool use_colour(int fd) {
  return isatty(fd) == 1 && environment("NO_COLOR").empty() && environment("TERM") != "dumb";
}

std::string coloured(const std::string& text, const char* colour) {
  return std::string("\x1b[") + colour + "m" + text + "\x1b[0m";
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace rtfx::commands
