// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rtfx::sign {

/// RFC 4648, 4, with padding, on one line.
std::string base64(std::string_view bytes);
/// Both alphabets of RFC 4648 (4 and 5) are read, padding may be left out (as DSSE asks of verifiers); nullopt when it
/// is something else.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace rtfx::sign
