// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "harness/pkg/tool.hpp"

namespace rtfx::kernel {

/// Fetches what is at the address (http, https, file) into the file, replacing it; redirects are followed, proxies are
/// those of the environment (libcurl). Unchecked: the caller knows a digest. Ends when `steps` says stop or its deadline is
/// over. Throws Error with the address, and leaves no file behind then.
void download(const std::string& url, const std::filesystem::path& file, const pkg::Steps& steps);

}  // namespace rtfx::kernel
