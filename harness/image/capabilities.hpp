// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rtfx::image {

/// Every capability of Linux (capabilities(7)), "CAP_...", in the kernel's order.
const std::vector<std::string>& capability_names();
bool is_capability(std::string_view name);

}  // namespace rtfx::image
