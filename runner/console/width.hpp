// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rtfx::console {

/// The columns of a terminal that the text takes (UAX #11, as wcwidth(3) has it); it is UTF-8
/// without control characters.
std::size_t display_width(std::string_view text);

/// The text, or as much of its start as fits into so many columns, with "..." for the rest.
std::string cut(std::string_view text, std::size_t columns);

}  // namespace rtfx::console
