// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/image/spool.hpp"
#include "harness/image/tree.hpp"

namespace rtfx::image {

/// The member of an archive that has the contents of a file.
struct MemberId {
  std::uint32_t layer = 0;   ///< which archive, counted from 0
  std::uint32_t number = 0;  ///< which member of it, counted from 0
};
/// By the offset of the contents in the spool.
using Members = std::unordered_map<std::uint64_t, MemberId>;

/// Contents that are still in their archive.
struct Placement {
  MemberId member;
  Extent extent;  ///< where they go
  Sha256 digest;
};

/// A tree as bytes, without the contents of its files: of these it has size, digest and where they
/// are from. Empty when that is not known of all.
std::string format_listing(const Tree& tree, const Members& members, const Spool& spool);

/// The tree of a listing. Its contents have room in the spool, which calls `load` with all of them
/// when the first is read. Throws Error for bytes that are no listing.
Tree parse_listing(std::string_view bytes, Spool& spool,
                   const std::function<void(const std::vector<Placement>&)>& load);

}  // namespace rtfx::image
