// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "harness/registry/exchange.hpp"

namespace rtfx::registry {

/// Asks for a list, and for its next page as long as `take` returns true and the registry names one (Link, RFC 8288;
/// OCI distribution-spec, "Listing Tags"). Throws Error when the pages do not end.
void for_each_page(Exchange& exchange, Question question,
                   const std::function<bool(const Question&, const Response&)>& take);

}  // namespace rtfx::registry
