// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ci/gate/publish.hpp"
#include "results/record.hpp"

namespace rtfx::gate {

/// An in-toto statement (in-toto/attestation, "test-result/v0.1") whose subjects are the index and its manifests and
/// whose passed tests are those of the arches that it ships. Unsigned.
std::string test_result_statement(const Published& published, const results::RunRecord& run,
                                  const Digest& event_log);

/// FOLDER/release.json (what was published, by digest) and FOLDER/statements/<image>.json.
void write_receipts(const std::filesystem::path& folder, const std::string& target,
                    const std::vector<Published>& published, const results::RunRecord& run,
                    const std::filesystem::path& run_folder);

}  // namespace rtfx::gate
