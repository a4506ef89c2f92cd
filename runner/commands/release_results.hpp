// SPDX-License-Identifier: Apache-2.0
//
// Results of a release that travel between machines: a folder with plan.json, events.jsonl and images/.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ci/gate/build.hpp"
#include "ci/gate/plan.hpp"
#include "harness/oci/store.hpp"

namespace rtfx::commands {

/// Copies the built images of `arches` into FOLDER/images, an OCI layout, named org/image:tag-arch.
void carry_images(const gate::Artifacts& artifacts, const oci::Store& store,
                  const std::filesystem::path& folder);

/// Refuses a folder that has something other than results of this plan (ExitCode::usage).
void require_empty_or_same(const std::filesystem::path& folder, const gate::Plan& plan);

/// What folders of results bring.
struct Carried {
  std::vector<std::filesystem::path> runs;    ///< absolute
  std::vector<std::filesystem::path> images;  ///< layouts, absolute
  std::vector<results::Subject> subjects;     ///< the images of the plan that are in them
};

/// Reads them. Throws Error (ExitCode::usage) for a folder without results, and for results of another plan. A run of
/// this machine has no images/ of its own: its images are looked for in `store`.
Carried open_results(const std::vector<std::string>& folders, const gate::Plan& plan,
                     const std::filesystem::path& store);

}  // namespace rtfx::commands
