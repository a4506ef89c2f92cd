// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "base/arch.hpp"

namespace rtfx::vm {

/// What a guest starts from. Either a kernel, or a disk or ISO that the machine's firmware starts.
struct Medium {
  std::filesystem::path kernel, initrd;
  std::string cmdline{};  ///< beside the kernel
  /// A disk or ISO: what is started, or what has the root file system of `kernel`. May be empty beside an initrd.
  std::filesystem::path image;
  std::string format{};  ///< of the image
  bool cdrom = false;    ///< the image is an ISO
  bool read_only = false;
  std::string note{};  ///< what the user may want to know: what else could have been meant
};

/// How the image is meant; `found` looks at what there is.
enum class MediumChoice { found, kernel, squashfs, iso };

/// A path that exists is an ISO (its name ends in .iso, or its content says so) or a disk. Else it is a prefix: of
/// -kernel with -squashfs.img, -initrd.img, -erofs.img or .iso, the first that is there, and -cmdline if that is there.
/// Throws Error (ExitCode::usage).
Medium find_medium(const std::filesystem::path& image, MediumChoice choice);

/// Whether the firmware of the arch can start this medium without UEFI. Throws Error (ExitCode::usage) for a disk that
/// no firmware would start.
bool needs_uefi(const Medium& medium, const Arch& arch);

}  // namespace rtfx::vm
