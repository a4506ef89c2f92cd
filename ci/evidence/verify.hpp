// SPDX-License-Identifier: Apache-2.0
//
// Verifying what a release says of itself, with nothing but a public key: what was tested is what is there.
#pragma once

#include <string>
#include <vector>

#include "ci/publish/target.hpp"
#include "harness/sign/key.hpp"

namespace rtfx::evidence {

/// One question and its answer.
struct Check {
  std::string subject;  ///< org/image:tag, or with @digest
  std::string what;  ///< "signature of linux/amd64", "test result", "covers amd64", "provenance", …
  bool good = false;
  std::string detail;  ///< what was found, or what is wrong
};

/// Verifies an index: its signature, those of its children, that a signed test result names the digests that are there and
/// tells no failure, that it covers every child, and that there is signed provenance. `arches`: only these of the children
/// (one that the index lacks is a bad check); empty: all of them. A release record: its signature, and every index that
/// it lists, with the arches that it lists. Throws Error when the reference is not there or cannot be read.
std::vector<Check> verify(publish::Target& target, const std::string& repository,
                          const std::string& tag_or_digest, const sign::PublicKey& key,
                          const std::vector<std::string>& arches);

}  // namespace rtfx::evidence
