// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/oci/store.hpp"

namespace rtfx::oci {

/// Why two image manifests of the store differ, for people, one line each; the first difference comes first. In the
/// configuration: the place in the JSON and both values. In a layer: the first entry that differs, and how (content,
/// mode, times, owner, order, link target, missing), or that only its compression does. Empty when they are the same.
/// Throws Error when a blob is missing, corrupt or unreadable.
std::vector<std::string> explain_difference(const Store& store, const Descriptor& a,
                                            const Descriptor& b);

}  // namespace rtfx::oci
