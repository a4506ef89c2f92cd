// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/arch.hpp"
#include "harness/process/process.hpp"

namespace rtfx::kernel {

/// The programs that build kernels for an arch on this host.
struct Toolchain {
  std::string arch;           ///< ARCH of the kernel's Makefile
  std::string prefix;         ///< CROSS_COMPILE; "" when this host is of the arch
  std::string compiler;       ///< CC, behind ccache where that is installed and wanted
  std::string host_compiler;  ///< HOSTCC, likewise
  std::string identity;  ///< what the compiler says of itself: other compilers give other bytes
};

/// A program, and the Debian package that has it.
struct NeededProgram {
  std::string name, package;
};

/// What this host needs to build kernels for an arch; `host_uname` is its own, `uname -m`.
std::vector<NeededProgram> needed_programs(const Arch& arch, const std::string& host_uname);

/// Throws Error (ExitCode::host) that names the Debian package of a program that is missing. `caching`: through ccache.
Toolchain find_toolchain(const Arch& arch, const std::string& host_uname, bool caching,
                         process::Runner& runner);

/// `make` in a source tree, out of tree in `objects`, with an environment of which nothing but PATH, HOME and what ccache
/// reads is the caller's, so that the same source gives the same bytes.
process::Command make_command(const Toolchain& tools, const std::filesystem::path& source,
                              const std::filesystem::path& objects,
                              const std::vector<std::string>& targets);

}  // namespace rtfx::kernel
