// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ci/gate/load.hpp"
#include "ci/gate/plan.hpp"

namespace rtfx::gate {

/// Fills the plan's commit and inputs. An input that is committed and unchanged has the same digest on every machine; a
/// changed one has "+" in its digest, with what is changed behind it.
void describe_inputs(const Input& input, Plan& plan);

/// The names of the plan's inputs that are not as the commit has them, sorted; none outside git.
std::vector<std::string> changed_inputs(const Plan& plan);

}  // namespace rtfx::gate
