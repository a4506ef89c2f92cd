// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "results/reports.hpp"
#include "results/rows.hpp"
#include "results/timestamp.hpp"

namespace rtfx::results {
namespace {

/// Copies in pieces: a log may be larger than memory. Ends with a newline whatever the log ends
/// with.
void copy_log(int to, const std::string& name, const std::filesystem::path& log) {
  const FileDescriptor from(open(log.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from) {
    write_all(to, fmt::format("[the log cannot be read: {}]\n", std::strerror(errno)), name);
    return;
  }
  std::array<char, 1 << 16> block;
  char last = '\n';
  for (;;) {
    const ssize_t got = read(from.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      write_all(to, fmt::format("\n[the log cannot be read further: {}]\n", std::strerror(errno)),
                name);
      return;
    }
    if (got == 0) break;
    last = block[static_cast<std::size_t>(got - 1)];
    write_all(to, {block.data(), static_cast<std::size_t>(got)}, name);
  }
  if (last != '\n') write_all(to, "\n", name);
}

std::string header(const UnitRecord& unit) {
  const UnitId& id = unit.planned.unit;
  return fmt::format("==== {} {} ({}) {}\n", id.kind, text::printable(id.name), id.arch,
                     unit.started ? format_time(*unit.started) : "-");
}

std::string footer(const UnitRecord& unit) {
  if (!unit.finished) return "==== no result\n\n";
  const UnitFinished& finished = *unit.finished;
  std::string line = fmt::format("==== {} after {:.2f}s", result_name(finished.result),
                                 std::chrono::duration<double>(finished.elapsed).count());
  if (!finished.reason.empty()) line += ": " + text::printable(finished.reason);
  return line + "\n\n";
}

}  // namespace

void write_tests_log(const RunRecord& run, const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "TESTS.log", part = folder / "TESTS.log.part";
  {
    const FileDescriptor out(open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!out) throw system_error("writing " + part.string(), errno);
    for (const auto& unit : run.units) {
      if (!unit.started && !unit.finished) continue;
      write_all(out.get(), header(unit), part.string());
      if (unit.finished && !unit.finished->log.empty())
        copy_log(out.get(), part.string(), folder / unit.finished->log);
      write_all(out.get(), footer(unit), part.string());
    }
  }
  if (rename(part.c_str(), path.c_str()) != 0)
    throw system_error("writing " + path.string(), errno);
}

void write_reports(const RunRecord& run, const std::filesystem::path& folder) {
  write_file_atomically(folder / "TESTS.csv", tests_csv(run));
  write_file_atomically(folder / "SUMMARY.csv", summary_csv(run));
  write_file_atomically(folder / "SUMMARY.json", summary_json(run));
  write_file_atomically(folder / "junit.xml", junit_xml(run, folder));
  write_tests_log(run, folder);
}

}  // namespace rtfx::results
