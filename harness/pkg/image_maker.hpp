// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "harness/pkg/build.hpp"

namespace rtfx::pkg {

/// Makes a package's image otherwise than from a Dockerfile: kernels are compiled. Everything around it (names, the store,
/// registries, the order of builds, reports) is as for any package. Thread-safe: several may be made at once.
class ImageMaker {
 public:
  ImageMaker() = default;
  ImageMaker(const ImageMaker&) = delete;
  ImageMaker& operator=(const ImageMaker&) = delete;
  virtual ~ImageMaker() = default;

  /// For people: "make".
  virtual std::string name() const = 0;
  /// Puts the image into the environment's store, without a name; the same package gives the same digest. `afresh`:
  /// nothing of earlier builds may be used. `log` gets what programs print. Throws Error.
  virtual oci::Descriptor make(const PlannedPackage& planned, const Arch& arch, bool afresh,
                               const BuildEnvironment& environment,
                               const std::function<void(std::string_view)>& log,
                               std::stop_token stop) const = 0;
};

}  // namespace rtfx::pkg
