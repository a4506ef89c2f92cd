// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace rtfx::oci {

/// Docker's familiar names in full, as docker and linuxkit expand them: "redis" -> "docker.io/library/redis",
/// "linuxkit/x:y" -> "docker.io/linuxkit/x:y"; names with a registry's host, and longer ones, stay as they are.
std::string expand_reference(const std::string& ref);

}  // namespace rtfx::oci
