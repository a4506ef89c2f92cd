// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace rtfx::image {

/// Docker's familiar names in full: "redis" -> "docker.io/library/redis", "linuxkit/x:y" ->
/// "docker.io/linuxkit/x:y"; others as they are.
std::string expand_reference(const std::string& ref);

}  // namespace rtfx::image
