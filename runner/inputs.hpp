// SPDX-License-Identifier: Apache-2.0
//
// A case that says with `# INPUTS:` what its result depends on has a key: a digest over all of it. An
// item is
//   FILE, FOLDER or glob   relative to the folder of the script; "/..." relative to the project, or
//                          to the folder of the cases without one
//   package:NAME           a package of the project: its tag, and its files while they are changed
//   image:FILE             an image YAML: its bytes, the packages of the project that it names, and
//                          the files that it takes in
// What every case depends on is always in the key: see make_input_keys.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/arch.hpp"
#include "runner/project.hpp"
#include "runner/run.hpp"
#include "runner/tree.hpp"

namespace rtfx::runner {

using InputKeys = std::function<std::string(const Case&, const Arch&)>;

/// The function for RunOptions::key: 64 hex digits, or "" for a case that neither declares INPUTS nor
/// is in a group that does. Always part of it are the case's own folder, the scripts of its groups, the
/// variant, pre-test.sh and post-test.sh, the shell library, this program, the emulator, the arch, the host's
/// and the given labels, and the environment that the options give. The function throws Error
/// (ExitCode::usage) with file:line for an item that finds nothing; it keeps what it has read, so
/// it belongs to one run.
InputKeys make_input_keys(const std::optional<Project>& project, const RunOptions& options);

}  // namespace rtfx::runner
