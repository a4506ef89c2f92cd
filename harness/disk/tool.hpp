// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/process/process.hpp"

namespace rtfx::disk {

/// A program that writes a part of a medium.
struct Tool {
  std::string name, package;  ///< Debian's package of it
};

/// Runs a tool to its end, in an environment that makes equal input give equal bytes: SOURCE_DATE_EPOCH,
/// UTC, no locale. Throws Error with its last lines when it fails, with the package's name when it is
/// not installed (ExitCode::host), ExitCode::interrupted when stop is requested.
std::string run_tool(const Tool& tool, const std::vector<std::string>& arguments,
                     std::stop_token stop, std::string stdin_text = "");

}  // namespace rtfx::disk
