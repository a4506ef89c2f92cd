// SPDX-License-Identifier: Apache-2.0
//
// What turns a build context into an image. There are two: buildah on this host (buildah.hpp), and BuildKit in a
// docker daemon that a docker context names (docker_builder.hpp), which may be another host.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "harness/oci/store.hpp"
#include "harness/pkg/tool.hpp"

namespace rtfx::pkg {

/// An image that the Dockerfile starts from or copies from.
struct BaseImage {
  /// What the Dockerfile calls it. The name holds the first digits of the manifest's digest, so it never means two
  /// things: "localhost/linuxkit/debian:TAG-amd64-0123456789ab".
  std::string name;
  oci::Descriptor manifest;  ///< an image manifest in the content store, with its platform
};

/// One image to build. Everything is resolved: builders ask no registry and read nothing but this.
struct BuildJob {
  std::string ref;  ///< org/image:tag, for what is printed
  Arch arch;        ///< to build for
  std::filesystem::path
      context;  ///< the directory that is the build context; builders do not write to it
  /// Absolute, beside `context`: its FROM lines have the names of `images`, the package's own file stays as it is.
  std::filesystem::path dockerfile;
  /// "NAME=VALUE", with BUILDPLATFORM, TARGETARCH and the other platform arguments.
  std::vector<std::string> build_args;
  std::map<std::string, std::string> labels;
  std::vector<BaseImage> images;
  bool network = false;        ///< whether RUN has any network
  bool use_cache = false;      ///< whether the builder may take steps from its cache
  std::int64_t timestamp = 0;  ///< the time of everything in the image, seconds since the epoch
  /// Proxy variables (http_proxy ...) as in this process's environment; never part of the image.
  std::map<std::string, std::string> proxies;
  std::vector<std::string> ssh;  ///< forwarded agents, as docker build --ssh has them
};

/// Thread-safe: several builds may run at once.
class Builder {
 public:
  Builder() = default;
  Builder(const Builder&) = delete;
  Builder& operator=(const Builder&) = delete;
  virtual ~Builder() = default;

  /// For people: "buildah", "docker context linuxkit-linux-arm64".
  virtual std::string name() const = 0;
  /// GOARCH name of the machine that builds; what $BUILDPLATFORM stands for.
  virtual std::string arch() const = 0;
  /// Throws Error (ExitCode::host) with what to do when the builder is known not to run programs of another arch.
  virtual void require_emulator(const Arch& arch) const { static_cast<void>(arch); }
  /// Builds the image and puts it into the store, without a name. The same job gives the same
  /// manifest digest again, whatever the builder's host is called and what time it is. Throws Error
  /// with the last lines of the builder's output.
  virtual oci::Descriptor build(const BuildJob& job, oci::Store& store, const Steps& steps) = 0;
};

}  // namespace rtfx::pkg
