// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/image/image.hpp"
#include "harness/image/outputs.hpp"
#include "harness/image/sources.hpp"

namespace rtfx::image {

/// The digest of everything that outputs depend on: the program itself, format, arch, the merged
/// spec, what it is made of and the files of this host that it names.
Digest output_key(const ImageSpec& spec, const Sources& sources, const AssembleOptions& options);

/// Fills the set with the outputs kept under the key and returns the warnings of their build. Each
/// file is checked against the digest it was kept with; what is damaged is dropped. nullopt: there
/// are none.
std::optional<std::vector<std::string>> fetch_outputs(const std::filesystem::path& cache,
                                                      const Digest& key, OutputSet& outputs);

/// Keeps a copy of the set under the key, complete or not at all, and drops the ones that were not
/// used for longest when they are more than 3 GiB. A cache that cannot be written is no error.
void keep_outputs(const std::filesystem::path& cache, const Digest& key, const OutputSet& outputs,
                  const std::vector<std::string>& warnings);

}  // namespace rtfx::image
