// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace rtfx::commands {

using Rows = std::vector<std::vector<std::string>>;

/// The rows as rtf prints them (Go's text/tabwriter with a tab width of 8 and no padding): the
/// columns end at tab stops, with as many tabs as that takes; unlike there, two cells always have
/// one between them. `decorate` changes the look of a cell (row, column, text) and not its width.
std::string tab_table(
    const Rows& rows,
    const std::function<std::string(std::size_t, std::size_t, const std::string&)>& decorate = {});

/// Colours are for terminals, and only without NO_COLOR (https://no-color.org).
bool use_colour(int fd);
/// The text in a colour of ECMA-48 ("32" is green, "1;31" a bold red).
std::string coloured(const std::string& text, const char* colour);

/// Writes to standard output; a reader that has gone away is no error.
void print(const std::string& text);

}  // namespace rtfx::commands
