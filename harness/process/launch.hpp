// SPDX-License-Identifier: Apache-2.0
//
// What is decided about a command before anything is forked. Internal to this folder.
#pragma once

#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/process/process.hpp"

namespace rtfx::process {

/// As find_program, in a PATH of one's own.
std::optional<std::filesystem::path> find_program_in(const std::string& name,
                                                     const std::string& path);

/// The file to execute: argv[0] itself if it has a '/', else from the PATH that the child will have. Throws Error
/// (ExitCode::host).
std::string program_path(const Command& command);

/// The child's environment as "NAME=value".
std::vector<std::string> environment_of(const Command& command);

/// The signal mask that children get: that of this process before handle_interrupts changed it, else the caller's.
sigset_t child_signal_mask();

}  // namespace rtfx::process
