// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "runner/project.hpp"

namespace CLI {
class App;
}

namespace rtfx::commands {

/// What every command is given: the global flags and the way to stop.
struct Context {
  std::filesystem::path case_directory;  ///< -c; empty: that of rtfx.yml, else "cases", else "."
  std::string labels;                    ///< -l
  int verbosity = 0;                     ///< -v, -vv, -v=2
  std::string arch;                      ///< --arch A[,B]|all; empty: the host's
  std::filesystem::path cache;           ///< --cache; empty: cache_directory()
  std::stop_token stop;
  /// Set by the chosen command when it is parsed; main() runs it.
  std::function<int()> action;

  /// --cache, else $RTFX_CACHE, else $LINUXKIT_CACHE, else the default.
  std::filesystem::path cache_directory() const;
  /// The project around the current directory. Throws its diagnostics; nullopt when there is no rtfx.yml.
  std::optional<runner::Project> project() const;
  /// As project(); having none is an Error (ExitCode::usage).
  runner::Project require_project() const;
  /// The rows that --arch names. "all": every arch of the project (of the table without a project). Empty: the host's.
  std::vector<Arch> target_arches(const std::optional<runner::Project>& project) const;
};

// One function per command: adds it with its flags to the program.
void add_list(CLI::App& app, Context& context);
void add_info(CLI::App& app, Context& context);
void add_run(CLI::App& app, Context& context);
void add_compare(CLI::App& app, Context& context);
void add_report(CLI::App& app, Context& context);
void add_merge(CLI::App& app, Context& context);
void add_version(CLI::App& app, Context& context);
void add_pkg(CLI::App& app, Context& context);
void add_kernel(CLI::App& app, Context& context);
void add_build(CLI::App& app, Context& context);
void add_boot(CLI::App& app, Context& context);
void add_release(CLI::App& app, Context& context);
void add_verify(CLI::App& app, Context& context);
void add_graduate(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);

}  // namespace rtfx::commands
