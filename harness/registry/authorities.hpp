// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace rtfx::registry {

/// The certificates of the system (of $SSL_CERT_FILE when set) and of the files, as one PEM text; "" when there are no
/// files. Throws Error (ExitCode::usage) when one cannot be read or holds no certificate.
std::string authorities(const std::vector<std::filesystem::path>& files);

}  // namespace rtfx::registry
