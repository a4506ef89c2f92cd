// SPDX-License-Identifier: Apache-2.0
//
// A group whose group.sh says
//   # VARIANTS: 6.12 6.12-firecracker=!s390x,!riscv64
// is there once for each of them: GROUP.6.12 and GROUP.6.12-firecracker, with everything below it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "runner/tree.hpp"

namespace rtfx::runner {

struct Variant {
  std::string name;  ///< 1 to 64 letters, digits, '.', '-', '_' and '+'
  Labels labels;     ///< of the group, besides its own
};

/// The variants that the items of VARIANTS say, in their order. A bad or repeated name and an empty
/// label are diagnostics, and no variants; `script` is the path to name in them.
std::vector<Variant> read_variants(const std::vector<Headers::Item>& items,
                                   const std::filesystem::path& script, Diagnostics& diagnostics);

}  // namespace rtfx::runner
