// SPDX-License-Identifier: Apache-2.0
//
// Command lines as the users of rtf and linuxkit write them, for a parser that is stricter.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace rtfx::commands {

/// The words after the program's name, with
///  * the command in front, so that its flags may stand before it, as rtf's users write them;
///  * "-v=2" as "-vv", and "-v 2" too for linuxkit's commands;
///  * "-org=wombat" as "--org=wombat" where the command has such a long flag, as linuxkit's documents write them.
std::vector<std::string> command_line(const CLI::App& app, int argc, char** argv);

/// The command whose name is nearest to a word of the command line; "" when none is near.
std::string command_that_was_meant(const CLI::App& app, int argc, char** argv);

}  // namespace rtfx::commands
