// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "ci/publish/publish.hpp"

namespace rtfx::publish {

/// FOLDER/release.json: what was published where, by digest. Throws Error.
void write_receipt(const std::filesystem::path& folder, const std::string& id,
                   const std::string& target, const Publication& publication);

/// Whether one was written there.
bool has_receipt(const std::filesystem::path& folder);

}  // namespace rtfx::publish
