// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.hpp"
#include "base/ktap.hpp"
#include "harness/process/process.hpp"
#include "results/event.hpp"

namespace rtfx::runner {

/// How a unit, or one script of it, ended.
struct Ending {
  results::Result result = results::Result::pass;
  std::string reason;
  bool leaked = false;
  std::chrono::nanoseconds elapsed{0};
  std::string benchmark;          ///< as in UnitFinished
  std::vector<KtapTest> tests{};  ///< as in UnitFinished
  bool interrupted = false;       ///< as in UnitFinished
  bool serving = false;           ///< what it left running lives on
};

/// The log of one unit: takes the raw output of its scripts, and remembers of it what the result
/// needs. Memory does not grow with the output.
class UnitLog {
 public:
  /// Makes the file, or empties the one of an earlier run.
  explicit UnitLog(const std::filesystem::path& path);

  void write(process::Stream stream, std::string_view bytes);
  /// Value of the last `RT_BENCHMARK_RESULT:` line on standard output; call it when the output has
  /// ended.
  std::string benchmark();
  /// The results that standard output told in KTAP (also through a guest's console); when it has ended.
  std::vector<KtapTest> tests();
  /// The last line of standard error that is not a trace of `sh -x`, shortened; "" when there is
  /// none.
  std::string last_words();
  /// Why the log is incomplete ("writing …: No space left on device"), or "".
  const std::string& problem() const { return problem_; }

 private:
  /// Cuts a stream into lines, of which it keeps the first bytes.
  struct Lines {
    std::string line;
    template <typename OnLine>
    void feed(std::string_view bytes, OnLine on_line);
  };
  void on_line(process::Stream stream, const std::string& line);

  std::string name_, problem_, benchmark_, last_words_;
  FileDescriptor file_;
  Lines out_, err_;
  Ktap ktap_;
};

/// A script and what it needs.
struct Script {
  std::filesystem::path path, directory;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> env;
  std::chrono::seconds limit{600};
  std::chrono::milliseconds grace{1000};  ///< between SIGTERM and SIGKILL
  bool trace = false;
  bool serves = false;  ///< what it leaves running is no leak: process::Command::serves
};

/// The shell that runs it.
process::Command command_of(const Script& script);

/// What the end of its process says of a script.
Ending judge(const process::Outcome& outcome);
/// That it could not be run is an error.
Ending judge(std::exception_ptr failure);

}  // namespace rtfx::runner
