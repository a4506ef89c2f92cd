// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace rtfx::vm {

/// An ISO 9660 image with the volume label "config" and one file, "config", as LinuxKit's metadata package looks for.
std::string config_iso(std::string_view content);

}  // namespace rtfx::vm
