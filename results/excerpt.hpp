// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace rtfx::results {

/// The first and the last `each` bytes of a file with a note of what is left out between, cut at
/// line ends where there are some, fit for XML and terminals. A file that cannot be read gives a
/// note that says so.
std::string excerpt(const std::filesystem::path& file, std::size_t each);

}  // namespace rtfx::results
