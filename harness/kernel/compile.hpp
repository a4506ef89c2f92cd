// SPDX-License-Identifier: Apache-2.0
//
// From a source and fragments to the files of a kernel. Sources, objects and results stay below one folder of the cache:
//
//     source/<key>/                       unpacked and patched; read only
//     source/lock                         one is unpacked at a time
//     build/<series>-<arch>-<key>/
//         objects/                        what make works in: a build that was killed goes on there, and another flavour
//                                         compiles only what its options change
//         <flavour>/result/               the files of the last whole build, replaced as a whole
//         <flavour>/config-<digest>       configurations, see configuration()
//     lock                                one build at a time: each uses every processor by itself
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/arch.hpp"
#include "harness/kernel/series.hpp"
#include "harness/kernel/source.hpp"
#include "harness/pkg/tool.hpp"

namespace rtfx::kernel {

/// One kernel to build.
struct CompileJob {
  const Series& series;
  const Flavour& flavour;
  const Arch& arch;
  std::string host_uname;      ///< of this host, `uname -m`
  std::int64_t timestamp = 0;  ///< what the kernel says when it was built, seconds since the epoch
  unsigned processes = 1;      ///< of make -j
  /// In an empty folder and without ccache, as for a comparison of two builds.
  bool afresh = false;
};

/// The files of a kernel, all in one folder.
struct Result {
  std::filesystem::path folder;
  std::string release;  ///< what `uname -r` says, and modules are filed under

  /// The image that is booted.
  std::filesystem::path image() const { return folder / "kernel"; }
  /// lib/modules/RELEASE, installed.
  std::filesystem::path modules() const { return folder / "modules"; }
  std::filesystem::path modules_tar() const { return folder / "kernel.tar"; }
  /// What modules are built against: usr/src/linux-headers-RELEASE.
  std::filesystem::path dev_tar() const { return folder / "kernel-dev.tar"; }
};

/// The folder of one kernel in `folder` of the cache, made when it is missing: <flavour> above. It counts as used now.
std::filesystem::path folder_of(const std::filesystem::path& folder, const Series& series,
                                const Flavour& flavour, const Arch& arch, const SourceTree& source);

/// Builds the kernel in `folder` of the cache, or finds that it is built. The caller holds `lock`. What is printed goes to
/// the steps' log. Throws Error: configuration, compiler or source are not as they have to be; of a failed build, the lines
/// that say why. A result is there as a whole or not at all.
Result compile(const CompileJob& job, const SourceTree& source, const std::filesystem::path& folder,
               const pkg::Steps& steps);

}  // namespace rtfx::kernel
