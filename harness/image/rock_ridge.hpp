// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/image/tree.hpp"

namespace rtfx::image {

/// A number as ISO 9660 has it most of the time: little-endian, then big-endian (ECMA-119, 7.3.3).
std::string both_endian(std::uint32_t value);
/// Seven bytes: years since 1900, month, day, hour, minute, second, time zone (ECMA-119, 9.1.5). Times that it cannot
/// hold become the nearest that it can.
std::string iso_time(std::int64_t seconds);

/// What a directory record says about a file beyond ISO 9660, as fields of at most 255 bytes each (Rock Ridge
/// Interchange Protocol 1.12): PX, TF, NM, PN and SL. `name` is empty for "." and "..".
std::vector<std::string> rock_ridge_fields(const Inode& inode, std::string_view name,
                                           std::uint32_t links, std::uint32_t serial);

/// The fields that start a file system: SP, for the front of the root's "." record, and ER.
std::string susp_start();
std::string rock_ridge_reference();

/// The field CE: what follows is in `size` bytes at `offset` of a block.
std::string continuation_field(std::uint32_t lba, std::uint32_t offset, std::uint32_t size);

/// Distributes fields: those that fit go into the record, which has room for `room` bytes, the others into areas of
/// `continuation`, whose first block is `lba`, and which start after what others have put there. No area crosses a
/// block. Returns the record's part.
std::string place_fields(const std::vector<std::string>& fields, std::size_t room,
                         std::string& continuation, std::uint32_t lba);

}  // namespace rtfx::image
