// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace rtfx::results {

/// One record of CSV (RFC 4180) ended by "\n"; a field is quoted when it has to be. A field with
/// control characters or invalid UTF-8 shows them as `\xNN`.
std::string csv_line(const std::vector<std::string>& fields);

}  // namespace rtfx::results
