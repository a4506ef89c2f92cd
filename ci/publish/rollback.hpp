// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ci/publish/publish.hpp"

namespace rtfx::publish {

/// A tag that is not as it was before the release, and why.
struct LeftTag {
  std::string ref, why;
};

struct RolledBack {
  std::vector<std::string>
      restored;  ///< refs; some may have been so already when a rollback is repeated
  std::vector<std::string> removed;  ///< they were new
  std::vector<LeftTag> left;
};

/// Makes every tag that the release has moved there stand for what it stood for before, as the journal in FOLDER says; new
/// tags go away. Names of the release first, its indexes last. A tag that somebody else has moved since is left alone,
/// and so is one that the registry cannot delete. Needs nothing but the target and the journal: what tags stood for is in
/// the target by digest. Can be killed and done again. Throws Error.
RolledBack roll_back(const std::filesystem::path& folder, const std::string& org, Target& target,
                     const std::filesystem::path& locks, const Say& say);

}  // namespace rtfx::publish
