// SPDX-License-Identifier: Apache-2.0
//
// What is decided about a command before anything is forked. Internal to this folder.
#pragma once

#include <csignal>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "harness/process/process.hpp"

namespace rtfx::process {

/// As find_program, in a PATH of one's own.
std::optional<std::filesystem::path> find_program_in(const std::string& name,
                                                     const std::string& path);

/// The file to execute: argv[0] itself if it has a '/', else from the PATH that the child will have. Throws Error
/// (ExitCode::host).
std::string program_path(const Command& command);

/// The child's environment, each variable in two pieces that belong together: "NAME=" and "value", or "NAME=value" and "".
/// The pieces live as long as the call.
void for_each_variable(const Command& command,
                       const std::function<void(std::string_view, std::string_view)>& visit);

/// The signal mask that children get: that of this process before handle_interrupts changed it, else the caller's.
sigset_t child_signal_mask();

}  // namespace rtfx::process
