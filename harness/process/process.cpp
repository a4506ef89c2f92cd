// SPDX-License-Identifier: Apache-2.0
#include "harness/process/process.hpp"

#include <unistd.h>

#include <cstring>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "fmt/format.h"
#include "harness/process/launch.hpp"

namespace rtfx::process {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t captured_limit = std::size_t{64} << 20;
constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

void append_capped(std::string& text, std::string_view bytes) {
  text.append(bytes.substr(0, captured_limit - text.size()));
}

}  // namespace

std::string Outcome::str() const {
  switch (ending) {
    case Ending::exited:
      return fmt::format("exit {}", exit_code);
    case Ending::signalled: {
      const char* name = ::sigabbrev_np(signal);
      return name == nullptr ? fmt::format("killed by signal {}", signal)
                             : fmt::format("killed by signal {} (SIG{})", signal, name);
    }
    case Ending::timed_out: {
      const double seconds = std::chrono::duration<double>(elapsed).count();
      return seconds < 10 ? fmt::format("timed out after {:.1f} s", seconds)
                          : fmt::format("timed out after {:.0f} s", seconds);
    }
    case Ending::cancelled:
      return "cancelled";
  }
  return {};
}

Captured run_captured(Runner& runner, const Command& command, std::stop_token stop) {
  Captured captured;
  captured.outcome = runner.run(
      command,
      [&captured](Stream stream, std::string_view bytes) {
        append_capped(stream == Stream::out ? captured.out : captured.err, bytes);
      },
      std::move(stop));
  return captured;
}

std::optional<fs::path> find_program_in(const std::string& name, const std::string& path) {
  if (name.empty()) return std::nullopt;
  if (name.find('/') != std::string::npos) {
    return ::access(name.c_str(), X_OK) == 0 ? std::optional<fs::path>(name) : std::nullopt;
  }
  for (const auto& directory : text::split(path, ':')) {
    const fs::path candidate = fs::path(directory.empty() ? "." : directory) / name;
    std::error_code none;
    if (fs::is_regular_file(candidate, none) && ::access(candidate.c_str(), X_OK) == 0)
      return fs::absolute(candidate);
  }
  return std::nullopt;
}

std::optional<fs::path> find_program(const std::string& name) {
  return find_program_in(name, environment("PATH", default_path));
}

fs::path require_program(const std::string& name, const std::string& debian_package) {
  if (auto found = find_program(name)) return *found;
  throw Error(fmt::format("{} is not installed: apt-get install {}", name, debian_package),
              ExitCode::host);
}

std::string program_path(const Command& command) {
  const std::string& name = command.argv.front();
  if (name.find('/') != std::string::npos) return name;
  const auto own = command.env.find("PATH");
  const std::string path =
      own != command.env.end() ? own->second : environment("PATH", default_path);
  if (auto found = find_program_in(name, path)) return found->string();
  throw Error(fmt::format("{}: not found in PATH", name), ExitCode::host);
}

void for_each_variable(const Command& command,
                       const std::function<void(std::string_view, std::string_view)>& visit) {
  if (!command.clear_env) {
    std::string name;
    for (char** entry = ::environ; *entry != nullptr; ++entry) {
      const std::string_view text = *entry;
      name = text.substr(0, text.find('='));
      if (!command.env.contains(name)) visit(text, {});
    }
  }
  for (const auto& [name, value] : command.env) visit(name + "=", value);
}

}  // namespace rtfx::process
