// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>

#include "base/files.hpp"
#include "harness/pkg/tool.hpp"

namespace rtfx::kernel {

/// Locks FOLDER/lock, making the folder; others, also other processes, wait then. Says to `log` that it has to wait, for
/// `what`. Throws Error (ExitCode::interrupted) when stop is requested meanwhile.
FileDescriptor lock_folder(const std::filesystem::path& folder, const char* what,
                           std::stop_token stop, const pkg::Log& log);

/// The same without waiting: nothing when somebody has the lock.
std::optional<FileDescriptor> try_lock_folder(const std::filesystem::path& folder);

}  // namespace rtfx::kernel
