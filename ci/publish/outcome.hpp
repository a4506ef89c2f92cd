// SPDX-License-Identifier: Apache-2.0
//
// From a decision to what is published, and from a record back to what the gate asks of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ci/gate/baseline.hpp"
#include "ci/gate/decision.hpp"
#include "ci/publish/publish.hpp"

namespace rtfx::publish {

/// What the record says of the decision.
Outcome outcome_of(const gate::Decision& decision);

/// The images that ship, by the digests that were judged, sorted by ref. What the store lacks is taken over from the
/// layouts that the decision names. Throws Error when an image is nowhere, and when the verdict ships nothing.
std::vector<Shipment> shipments_of(const gate::Decision& decision, oci::Store& store);

/// The state that the target's `latest` record tells, for --regress. nullopt: nothing was released there. Throws Error.
std::optional<gate::Baseline> released_baseline(Target& target, const std::string& org);

}  // namespace rtfx::publish
