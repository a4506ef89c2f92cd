// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/files.hpp"
#include "ci/publish/target.hpp"

namespace rtfx::publish {

/// While one is held, no other process of this host that uses the same folder of locks publishes releases of the
/// organisation to the target, or takes one back. Waits for its turn, after having said so. Throws Error when the file
/// cannot be made, or (ExitCode::interrupted).
class PublishLock {
 public:
  PublishLock(Target& target, const std::string& org, const std::filesystem::path& locks,
              const std::function<void(const std::string&)>& say);

 private:
  FileDescriptor file_;
};

}  // namespace rtfx::publish
