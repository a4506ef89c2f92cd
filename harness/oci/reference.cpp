// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/reference.hpp"

#include <algorithm>

namespace rtfx::oci {

std::string expand_reference(const std::string& ref) {
  const auto slashes = std::count(ref.begin(), ref.end(), '/');
  if (slashes == 0) return "docker.io/library/" + ref;
  const std::string first = ref.substr(0, ref.find('/'));
  const bool host = first.find_first_of(".:") != std::string::npos || first == "localhost";
  return slashes == 1 && !host ? "docker.io/" + ref : ref;
}

}  // namespace rtfx::oci
