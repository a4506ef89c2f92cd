// SPDX-License-Identifier: Apache-2.0
//
// What a release attaches to each index: who signed it, what was tested, and what it was made of.
//
//   index, and each child that this release has tested    a signature, tag sha256-<hex>.sig
//   index                                                 referrers: signed test result, signed provenance
//   release record                                        a signature
#pragma once

#include <filesystem>
#include <memory>

#include "ci/evidence/statements.hpp"
#include "ci/gate/decision.hpp"
#include "ci/publish/publish.hpp"
#include "harness/sign/key.hpp"

namespace rtfx::evidence {

/// Makes the evidence of a release. Without a key nothing is attached. The unsigned statements are written into
/// `receipts`/<image>.{test-result,provenance}.json either way (unless the path is empty). What the target has already,
/// says the same and is signed by this key is not made again: a second publish writes nothing, also with ECDSA, whose
/// signatures are never twice the same. Signatures of other keys at the same tag stay.
publish::Evidence make_evidence(const gate::Decision& decision,
                                std::shared_ptr<const sign::PrivateKey> key, const Facts& facts,
                                const std::filesystem::path& receipts);

}  // namespace rtfx::evidence
