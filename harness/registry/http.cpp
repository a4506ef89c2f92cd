// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/http.hpp"

#include <algorithm>

namespace rtfx::registry {

std::optional<std::string> Response::header(std::string_view name) const {
  const auto it = std::find_if(headers.begin(), headers.end(),
                               [&](const auto& header) { return header.first == name; });
  return it == headers.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace rtfx::registry
