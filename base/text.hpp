// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rtfx::text {

/// Splits at every `separator`; empty parts are kept; "" gives {""}.
std::vector<std::string> split(std::string_view s, char separator);
/// Splits at `separator`, trims every part and drops the empty ones.
std::vector<std::string> split_list(std::string_view s, char separator = ',');
std::string_view trim(std::string_view s);
std::string join(const std::vector<std::string>& parts, std::string_view separator);

/// The candidate nearest to `word` by edit distance, or "" when none is near enough to be meant.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
/// "; did you mean "x"?" for the nearest candidate, or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

/// The bytes as valid UTF-8 fit for XML 1.0 and terminals: invalid sequences, and control characters other than
/// tab, newline and carriage return, become visible `\xNN` (XML 1.0, "Char").
std::string printable(std::string_view bytes);
/// The same on one line: newlines, carriage returns and tabs are shown as `\xNN` too.
std::string one_line(std::string_view bytes);
/// The same on one line: newlines, carriage returns and tabs are blanks.
std::string flattened(std::string_view bytes);

}  // namespace rtfx::text
