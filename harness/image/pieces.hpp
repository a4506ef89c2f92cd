// SPDX-License-Identifier: Apache-2.0
//
// An initrd is made of pieces that can be compressed, kept and found again one by one. Where they
// begin and end depends on what is in them and next to them only, so that a change of the image in
// one place leaves most of them as they are.
#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "harness/image/cpio.hpp"
#include "harness/image/format.hpp"
#include "harness/image/spool.hpp"

namespace rtfx::image {

/// A run of entries whose inode numbers follow each other.
struct Run {
  std::size_t begin = 0, end = 0;  ///< of the plan's entries
  std::uint64_t size = 0;          ///< bytes as cpio
  std::uint32_t first_number = 1;
};

/// A run, or a part of a run that is one big file.
struct Piece {
  std::size_t run = 0;
  std::uint64_t offset = 0, size = 0;  ///< which of the run's bytes
  Digest key;                          ///< of all that the compressed bytes depend on
};

struct InitrdPlan {
  std::vector<CpioEntry> entries;
  std::vector<Run> runs;
  std::vector<Piece> pieces;
  std::uint64_t size = 0;  ///< bytes of all runs
};

/// Plans the archive of the tree's entries that `wanted` accepts. Files are cut into parts except
/// for zstd, of which the kernel wants whole members in each frame. Reads contents whose digest is
/// not known.
InitrdPlan plan_initrd(const Tree& tree, const Spool& spool, Compression compression,
                       const std::function<bool(std::string_view)>& wanted);

/// The bytes of a piece, not compressed.
void write_piece(const InitrdPlan& plan, const Piece& piece, const Spool& spool, const Sink& sink,
                 std::stop_token stop);

}  // namespace rtfx::image
