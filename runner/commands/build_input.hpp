// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/image/image.hpp"

namespace rtfx::commands {

/// The image YAMLs that a command line names: paths, "-" for standard input, and addresses
/// (http://, https://), which are fetched without any login. Throws Error.
std::vector<image::ImageFile> read_inputs(const std::vector<std::string>& files,
                                          const std::vector<std::filesystem::path>& cert_files,
                                          std::stop_token stop);

/// What outputs are called when nobody says it: after the last YAML, without its extension;
/// "moby" for standard input.
std::string default_name(const std::vector<std::string>& files);

}  // namespace rtfx::commands
