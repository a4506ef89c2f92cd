// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/yaml.hpp"

namespace rtfx::pkg {

/// The value of the label org.mobyproject.config for `config:` of a build.yml: JSON, keys in
/// linuxkit's order whatever the order of the file. Unknown keys and wrong types go to
/// `diagnostics`. A null node gives "".
std::string config_label(const yaml::Node& config, Diagnostics& diagnostics);

}  // namespace rtfx::pkg
