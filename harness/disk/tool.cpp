// SPDX-License-Identifier: Apache-2.0
#include "harness/disk/tool.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::disk {

std::string run_tool(const Tool& tool, const std::vector<std::string>& arguments,
                     std::stop_token stop, std::string stdin_text) {
  process::Command command;
  command.argv = {process::require_program(tool.name, tool.package).string()};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.env = {{"SOURCE_DATE_EPOCH", "1492533000"}, {"TZ", "UTC"}, {"LC_ALL", "C"}};
  command.stdin_text = std::move(stdin_text);
  command.timeout = std::chrono::minutes(10);
  const process::Captured ran = process::run_captured(process::system_runner(), command, stop);
  if (ran.outcome.ending == process::Ending::cancelled)
    throw Error("interrupted", ExitCode::interrupted);
  if (!ran.outcome.ok()) {
    auto lines = text::split_list(ran.out + ran.err, '\n');
    if (lines.size() > 5) lines.erase(lines.begin(), lines.end() - 5);
    for (std::string& line : lines) line = text::printable(line);
    throw Error(tool.name + ": " + ran.outcome.str() + (lines.empty() ? "" : ": ") +
                text::join(lines, "; "));
  }
  return ran.out;
}

}  // namespace rtfx::disk
