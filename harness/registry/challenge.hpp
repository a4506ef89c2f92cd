// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/registry/http.hpp"

namespace rtfx::registry {

/// One way that a server offers to prove who asks (RFC 9110, 11.6.1).
struct Challenge {
  std::string scheme;                             ///< lower case: "bearer", "basic"
  std::map<std::string, std::string> parameters;  ///< names in lower case: realm, service, scope
};

/// All challenges of a WWW-Authenticate header, which may hold several. What cannot be read ends the list.
std::vector<Challenge> parse_challenges(std::string_view header);
/// Those of all such headers of an answer.
std::vector<Challenge> challenges_of(const Response& response);

}  // namespace rtfx::registry
