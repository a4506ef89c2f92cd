// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/oci/store.hpp"

namespace rtfx::oci {

/// Why two layers of the store, which have different digests, differ: one line for people. explain_difference's part.
std::string explain_layers(const Store& store, const Descriptor& a, const Descriptor& b);

}  // namespace rtfx::oci
