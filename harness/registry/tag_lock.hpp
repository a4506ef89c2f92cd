// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/files.hpp"
#include "harness/registry/registry.hpp"

namespace rtfx::registry {

/// While one is held, no other process of this host that uses the same directory changes the tag. Waits for its turn.
/// Throws Error when the file cannot be made, or (ExitCode::interrupted) when the client is asked to stop.
class TagLock {
 public:
  TagLock(Client& client, const std::filesystem::path& directory, const oci::Reference& tag);

 private:
  FileDescriptor file_;
};

}  // namespace rtfx::registry
