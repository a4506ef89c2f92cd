// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/files.hpp"
#include "base/text.hpp"
#include "results/reports.hpp"
#include "results/rows.hpp"
#include "results/timestamp.hpp"

namespace rtfx::results {
namespace {

/// Copies logs in pieces: one may be larger than memory.
class LogCopier {
 public:
  LogCopier(const std::filesystem::path& folder, const Sink& sink) : folder_(folder), sink_(sink) {}

  /// Ends with a newline whatever the log ends with.
  void copy(const std::string& log) {
    if (log.empty()) return;
    const auto path = log_file(folder_, log);
    if (!path) return sink_("[the log cannot be read: it is outside of the run's folder]\n");
    const FileDescriptor from(open(path->c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (!from || fstat(from.get(), &status) != 0)
      return sink_(fmt::format("[the log cannot be read: {}]\n", std::strerror(errno)));
    if (!S_ISREG(status.st_mode)) return sink_("[the log cannot be read: it is not a file]\n");
    char last = '\n';
    for (;;) {
      const ssize_t got = read(from.get(), block_.data(), block_.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0)
        return sink_(fmt::format("\n[the log cannot be read further: {}]\n", std::strerror(errno)));
      if (got == 0) break;
      last = block_[static_cast<std::size_t>(got - 1)];
      sink_({block_.data(), static_cast<std::size_t>(got)});
    }
    if (last != '\n') sink_("\n");
  }

 private:
  const std::filesystem::path& folder_;
  const Sink& sink_;
  std::vector<char> block_ = std::vector<char>(1 << 16);
};

std::string outcome(Result result, std::chrono::nanoseconds elapsed, const std::string& reason) {
  std::string line = fmt::format("{} after {:.2f}s", result_name(result),
                                 std::chrono::duration<double>(elapsed).count());
  if (!reason.empty()) line += ": " + text::printable(reason);
  return line;
}

std::string header(const UnitRecord& unit) {
  const UnitId& id = unit.planned.unit;
  return fmt::format("==== {} {} ({}) {}\n", id.kind, text::printable(id.name), id.arch,
                     unit.started ? format_time(*unit.started) : "-");
}

std::string footer(const UnitRecord& unit) {
  if (!unit.finished) return "==== no result\n\n";
  const UnitFinished& finished = *unit.finished;
  std::string line = "==== " + outcome(finished.result, finished.elapsed, finished.reason);
  if (!finished.reused_from.empty())
    line += fmt::format(" [cached: the result of run {}]", text::printable(finished.reused_from));
  if (unit.flaky()) line += fmt::format(" [flaky: passed at attempt {}]", unit.retried.size() + 1);
  return line + "\n\n";
}

}  // namespace

void write_tests_log(const RunRecord& run, const std::filesystem::path& folder, const Sink& sink) {
  LogCopier logs(folder, sink);
  for (const auto& unit : run.units) {
    if (!unit.started && !unit.finished) continue;
    sink(header(unit));
    for (const UnitRetried& attempt : unit.retried) {
      logs.copy(attempt.log);
      sink(fmt::format("---- attempt {}: {}\n", attempt.attempt,
                       outcome(attempt.result, attempt.elapsed, attempt.reason)));
    }
    if (unit.finished) logs.copy(unit.finished->log);
    sink(footer(unit));
  }
}

}  // namespace rtfx::results
