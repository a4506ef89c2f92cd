// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "harness/pkg/builder.hpp"

namespace rtfx::pkg {

/// buildah on this host, as root and without a daemon. Each build has a storage, a mount namespace and, unless it may
/// use the network, a network namespace of its own in which not even loopback is up.
class BuildahBuilder : public Builder {
 public:
  /// `scratch` is where storages are made; `host_arch` the GOARCH name of this host.
  BuildahBuilder(std::filesystem::path scratch, std::string host_arch);

  std::string name() const override { return "buildah"; }
  std::string arch() const override { return host_arch_; }
  void require_emulator(const Arch& arch) const override;
  oci::Descriptor build(const BuildJob& job, oci::Store& store, const Steps& steps) override;

 private:
  std::filesystem::path scratch_;
  std::string host_arch_;
};

}  // namespace rtfx::pkg
