// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "harness/git/git.hpp"

namespace rtfx::pkg {

/// The version of the Go module in `directory` at HEAD, as Go's tools compute it
/// (https://go.dev/ref/mod#pseudo-versions, "Mapping versions to commits"): the semantic version
/// that a tag gives HEAD, else a pseudo-version after the highest version among its ancestors.
/// Tags of a module in a subdirectory start with that directory: "pkg/foo/v1.2.3"; a directory for
/// which there is no such tag at all takes the tags of the whole repository, "v1.2.3". "" in a
/// repository without commits. Throws Error.
std::string go_package_version(const git::Repository& repository,
                               const std::filesystem::path& directory);

}  // namespace rtfx::pkg
