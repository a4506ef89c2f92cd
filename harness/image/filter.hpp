// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/image/spool.hpp"
#include "harness/image/tree.hpp"

namespace rtfx::image {

/// What /etc/resolv.conf becomes.
enum class Resolv {
  text,  ///< a file that says that there is none; for containers
  link,  ///< a link to what the init's DHCP client writes; for the root and for volumes
};

/// Removes what building tools leave in images and what belongs to the running system: /.dockerenv,
/// /Dockerfile, /dev/console, /dev/pts, /dev/shm, /etc/hostname.
void drop_leftovers(Tree& tree);

/// Makes sure of the places and files that every running system and container needs: /dev,
/// /dev/pts, /dev/shm, /etc, /etc/mtab, /proc and /sys unless they are there, and fixed /etc/hosts
/// and /etc/resolv.conf.
void add_basics(Tree& tree, Resolv resolv, Spool& spool, std::uint32_t origin);

}  // namespace rtfx::image
