// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stop_token>

#include "harness/image/spool.hpp"

namespace rtfx::image {

/// Copies the bytes of a regular file of this host into the spool. Throws Error.
Extent spool_file(const std::filesystem::path& path, Spool& spool, std::stop_token stop = {});

}  // namespace rtfx::image
