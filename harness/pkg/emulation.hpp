// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "base/arch.hpp"

namespace rtfx::pkg {

/// How the machine that builds relates to the arch that is built for.
enum class BuildKind {
  native,    ///< it is of that arch
  cross,     ///< it is not, and only its own programs are run
  emulated,  ///< programs of another arch are run, by qemu through binfmt_misc
};
/// "native", ...
std::string to_string(BuildKind kind);

/// `run_platforms` are those whose programs RUN starts (Dockerfile::run_platforms), by GOARCH name.
BuildKind kind_of_build(const std::string& arch, const std::string& builder_arch,
                        const std::set<std::string>& run_arches);

/// Throws Error (ExitCode::host) with the command that registers an emulator unless this host runs programs of the
/// arch, also in a container: binfmt_misc has an enabled handler for them that was opened when it was registered
/// (flag F; Linux Documentation/admin-guide/binfmt-misc.rst).
void require_emulator(const Arch& arch,
                      const std::filesystem::path& binfmt_misc = "/proc/sys/fs/binfmt_misc");

}  // namespace rtfx::pkg
