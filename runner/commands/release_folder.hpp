// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "runner/project.hpp"

namespace rtfx::commands {

/// _release/<id>. Throws Error (ExitCode::usage) when the id is no name of a folder.
std::filesystem::path release_folder(const runner::Project& project, const std::string& id);

/// Every release of the project, newest first.
std::vector<std::string> release_ids(const runner::Project& project);

/// What is told when `id` names no release (ExitCode::usage), with the newest that there are.
Error no_such_release(const runner::Project& project, const std::string& id);

}  // namespace rtfx::commands
