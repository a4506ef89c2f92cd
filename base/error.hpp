// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace rtfx {

/// Exit codes of the program; documented in docs/exit-codes.md and part of the interface.
enum class ExitCode : int {
  ok = 0,
  failed = 1,          ///< a test, a build or the verdict failed
  usage = 2,           ///< wrong command line, or wrong input files; nothing was started
  host = 3,            ///< this host lacks something: a tool, an emulator, a right
  nothing_to_run = 4,  ///< a pattern, label or arch selects nothing
  interrupted = 130,   ///< SIGINT or SIGTERM
};

/// A place in an input file. `line` counts from 1; 0 means the file as a whole.
struct Location {
  std::filesystem::path file;
  int line = 0;

  /// "file:line", or just "file".
  std::string str() const;
};

/// The one exception of rtfx: an expected failure, told to the user in `what()`; one problem a line.
/// It is caught in main(), which prints it and exits with `code()`. Layers add what they know with `add_context`.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, ExitCode code = ExitCode::failed);

  ExitCode code() const { return code_; }
  /// The same error with "context: " in front.
  Error with_context(const std::string& context) const;

 private:
  ExitCode code_;
};

/// The last failed system call as an Error: "DOING: strerror(errno)".
Error system_error(const std::string& doing, int error_number);

/// Runs `body`; an Error that it throws goes on with "context: " in front.
template <typename Body>
auto in_context(const std::string& context, Body&& body) {
  try {
    return body();
  } catch (const Error& error) {
    throw error.with_context(context);
  }
}

/// Collects problems of input files, so that the user sees all of them at once.
class Diagnostics {
 public:
  void error(const Location& where, const std::string& message);
  bool empty() const { return messages_.empty(); }
  const std::vector<std::string>& messages() const { return messages_; }
  /// Throws all that was collected as one Error with ExitCode::usage, a problem a line, in the order of finding.
  void throw_if_any() const;

 private:
  std::vector<std::string> messages_;
};

}  // namespace rtfx
