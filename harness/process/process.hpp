// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace rtfx::process {

/// What to run, and within which limits.
struct Command {
  std::vector<std::string> argv{};           ///< argv[0] is looked up in PATH unless it has a '/'
  std::filesystem::path cwd{};               ///< empty: that of this process
  std::map<std::string, std::string> env{};  ///< set or replaced in the inherited environment
  bool clear_env = false;                    ///< start from an empty environment instead
  std::string
      stdin_text{};  ///< fed to the child's standard input, which is then closed; empty: /dev/null
  int stdin_fd = -1;  ///< the child's standard input instead, if not -1; stays the caller's
  std::chrono::milliseconds timeout{
      0};  ///< from the start; 0 is refused: nothing runs without a limit
  std::chrono::milliseconds grace{1000};  ///< between SIGTERM to the whole tree and SIGKILL
  /// For Loop only: what it leaves running when it exits by itself is no leak but lives on, until
  /// Loop::cancel(), Loop::kill() or the end of the loop.
  bool serves = false;
};

/// Why a child is no longer there.
enum class Ending {
  exited,     ///< by itself, with `exit_code`
  signalled,  ///< killed by `signal`, not by us
  timed_out,  ///< we ended it: the time limit
  cancelled,  ///< we ended it: stop was requested
};

struct Outcome {
  Ending ending = Ending::exited;
  int exit_code = 0;  ///< for Ending::exited
  int signal = 0;     ///< for Ending::signalled
  std::chrono::nanoseconds elapsed{0};
  bool leaked = false;   ///< it left descendants behind, which were killed
  bool serving = false;  ///< it left descendants behind, which live on (Command::serves)

  bool ok() const { return ending == Ending::exited && exit_code == 0; }
  /// "exit 3", "killed by signal 9", "timed out after 10 s", "cancelled".
  std::string str() const;
};

enum class Stream { out, err };

/// Receives output as it comes: raw bytes, pieces of any size. Called on the thread that called run().
using Sink = std::function<void(Stream, std::string_view)>;

/// The seam that unit tests replace.
class Runner {
 public:
  virtual ~Runner() = default;

  /// Runs the command in its own session (without a terminal) and process group and waits until it and every descendant is gone. Output is always drained, whatever its
  /// amount; after the main process has exited, output that its descendants still write is read for a short time only. Blocks; several threads may call it at once.
  /// Throws Error (ExitCode::host) naming the program when it cannot be started.
  virtual Outcome run(const Command& command, const Sink& sink, std::stop_token stop) = 0;
};

/// Real processes: a loop of its own for each run; see make_loop in loop.hpp.
Runner& system_runner();

/// Output of a short command.
struct Captured {
  Outcome outcome;
  std::string out;  ///< at most 64 MiB; more is dropped
  std::string err;
};
Captured run_captured(Runner& runner, const Command& command, std::stop_token stop = {});

/// The path that PATH gives for a program, if any.
std::optional<std::filesystem::path> find_program(const std::string& name);
/// As find_program; throws Error (ExitCode::host) "NAME is not installed: apt-get install PACKAGE".
std::filesystem::path require_program(const std::string& name, const std::string& debian_package);

}  // namespace rtfx::process
