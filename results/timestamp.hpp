// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace rtfx::results {

/// RFC 3339 in UTC with nine digits of a second: "2026-11-20T08:26:47.123456789Z".
std::string format_time(std::chrono::system_clock::time_point time);
/// RFC 3339 in UTC without a fraction, as rtf's CSV files have it.
std::string format_time_seconds(std::chrono::system_clock::time_point time);
/// RFC 3339 with any offset and any number of fraction digits. Throws Error on anything else.
std::chrono::system_clock::time_point parse_time(std::string_view text);

}  // namespace rtfx::results
