// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rtfx::results {

/// Appends text fit for XML 1.0 and UTF-8: bytes that no document may have are shown as
/// text::printable shows them, markup is escaped.
void append_xml_text(std::string& out, std::string_view text);
/// Appends ` NAME="VALUE"`; white space in the value survives (XML 1.0, "Attribute-Value
/// Normalization").
void append_xml_attribute(std::string& out, std::string_view name, std::string_view value);

/// The text as far as it takes at most `limit` bytes in an attribute, with "..." where it is cut;
/// never within a character of UTF-8.
std::string shortened(const std::string& text, std::size_t limit);

}  // namespace rtfx::results
