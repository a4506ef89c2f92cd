// SPDX-License-Identifier: Apache-2.0
//
// What a Dockerfile could make the BuildKit of a daemon fetch, although the build shall have no network: --network none
// holds for RUN alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace rtfx::pkg {

/// The text without the directive that names a frontend ("# syntax=docker/dockerfile:1"), which BuildKit would take
/// from a registry. Lines keep their numbers.
std::string without_frontend(const std::string& dockerfile);

/// A source of ADD that is not in the build context.
struct RemoteSource {
  std::string source;    ///< as BuildKit would fetch it
  std::size_t line = 0;  ///< from 1
};
/// The first such source: a URL or a git repository. `build_args` ("NAME=VALUE") and the defaults of ARG and ENV give
/// variables their values.
std::optional<RemoteSource> find_remote_source(const std::string& dockerfile,
                                               const std::vector<std::string>& build_args);

}  // namespace rtfx::pkg
