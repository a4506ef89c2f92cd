// SPDX-License-Identifier: Apache-2.0
//
// Statements about an index (in-toto/attestation, "spec/v1/statement.md"). The same release gives the same bytes: there is
// no time, no host and no id of a run in them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ci/gate/decision.hpp"
#include "harness/oci/descriptor.hpp"

namespace rtfx::evidence {

inline constexpr std::string_view statement_type = "https://in-toto.io/Statement/v1";
inline constexpr std::string_view predicate_test_result =
    "https://in-toto.io/attestation/test-result/v0.1";
inline constexpr std::string_view predicate_provenance = "https://slsa.dev/provenance/v1";

/// What the provenance says besides the decision.
struct Facts {
  std::string project;  ///< rtfx.yml's org
  std::string source;   ///< where the commit is from (a URI), or ""
  std::string builder;  ///< URI of who ran the release
};

/// An index with the manifests in it that the release has tested.
struct Subject {
  std::string name;  ///< org/image:tag
  Digest index;
  std::vector<oci::Descriptor> tested;  ///< with their platforms
};

/// What the index is called: the name that the decision has for what it tested; else the repository.
std::string name_of(const gate::Decision& decision, const std::string& repository,
                    const std::vector<oci::Descriptor>& tested);

/// test-result/v0.1: the cases and images of the tested arches, each "NAME [ARCH]". What a waiver or --regress excused is
/// in warnedTests, and then the result is WARNED.
std::string test_result(const gate::Decision& decision, const Subject& subject);
/// SLSA provenance v1: the commit, the inputs by digest, the builder.
std::string provenance(const gate::Decision& decision, const Subject& subject, const Facts& facts);

}  // namespace rtfx::evidence
