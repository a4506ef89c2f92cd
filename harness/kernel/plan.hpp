// SPDX-License-Identifier: Apache-2.0
//
// Kernels as packages: what they are called, and how they come to be. Each flavour of a series is three images, all of
// them from scratch:
//
//     ORG/kernel:VERSION[-FLAVOUR]-HASH           /kernel /kernel.tar /kernel-dev.tar, as linuxkit wants them
//     ORG/kernel-bin:VERSION[-FLAVOUR]-HASH       /boot/image, for hypervisors that start kernels by themselves
//     ORG/kernel-modules:VERSION[-FLAVOUR]-HASH   /lib/modules/RELEASE
//
// The first flavour of a series is not named. HASH is what deep tags of packages have (pkg::TagMode), of the series' folder
// and of the shared one with fragments: whatever a project says about its packages, a changed fragment is another kernel.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/kernel/series.hpp"
#include "harness/pkg/plan.hpp"

namespace rtfx::kernel {

/// Which of the images of a flavour.
enum class Part { kernel, binary, modules };

/// The packages of some flavours of a series; empty: of all. Problems, such as a folder that git does not know, go to
/// `diagnostics`.
std::vector<pkg::PlannedPackage> plan_series(const std::shared_ptr<const Series>& series,
                                             const std::vector<std::string>& flavours,
                                             const pkg::PackageSettings& settings,
                                             Diagnostics& diagnostics);

/// What "@pkg:PATH" stands for: a package, or a kernel, whose PATH may end in ":FLAVOUR". Each name is worked out once. Not
/// for several threads at once.
class ImageNames {
 public:
  explicit ImageNames(const pkg::PackageSettings& settings);
  ~ImageNames();

  /// Throws Error.
  pkg::NamedPackage named(const std::filesystem::path& path);
  /// As pkg::PackageNames::find: packages only.
  std::optional<pkg::NamedPackage> find_package(const std::filesystem::path& directory,
                                                Diagnostics& diagnostics);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rtfx::kernel
