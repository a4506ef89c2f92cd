// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/console.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "base/text.hpp"
#include "results/rows.hpp"
#include "results/timestamp.hpp"
#include "runner/commands/table.hpp"

namespace rtfx::commands {
namespace {

using results::Result;
using results::UnitId;

constexpr std::size_t longest_piece = 64 * 1024;  ///< a line without an end is shown in pieces

struct Look {
  const char* word;
  const char* colour;
};

Look look_of(Result result) {
  switch (result) {
    case Result::pass:
      return {"PASS", "1;32"};
    case Result::fail:
      return {"FAIL", "1;31"};
    case Result::error:
      return {"ERROR", "1;31"};
    case Result::timeout:
      return {"TIMEOUT", "1;31"};
    case Result::skip:
      return {"SKIP", "1;33"};
    case Result::cancel:
      return {"CANCEL", "1;35"};
  }
  return {"?", "0"};
}

/// The output of one unit on its way to the terminal, cut into lines.
struct Pending {
  std::array<std::string, 2> line;  ///< what has come of the current line, per stream
  std::unique_ptr<FILE, int (*)(FILE*)> held{nullptr, std::fclose};
};

}  // namespace

struct ConsoleReporter::State {
  int verbosity;
  bool several_arches, one_at_a_time, colour;
  std::map<std::string, std::string> issues;
  std::filesystem::path folder;
  std::map<UnitId, Pending> pending;

  /// A terminal that has gone away must not end the run: what cannot be written is dropped.
  static void say(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
  }

  std::string tag(const char* word, const char* shade) const {
    const std::string text = fmt::format("[{:<8}]", word);
    return colour ? coloured(text, shade) : text;
  }

  std::string label(const UnitId& unit) const {
    return several_arches ? fmt::format("{} ({})", unit.name, unit.arch) : unit.name;
  }

  std::string stamped(const char* word, const char* shade, const std::string& text) const {
    return fmt::format("{} {}: {}\n", tag(word, shade),
                       results::format_time(std::chrono::system_clock::now()), text);
  }

  void put(Pending& unit, const std::string& text) {
    if (one_at_a_time) return say(text);
    if (!unit.held) unit.held.reset(std::tmpfile());
    if (unit.held) std::fwrite(text.data(), 1, text.size(), unit.held.get());
  }

  void put_line(Pending& unit, process::Stream stream) {
    std::string& line = unit.line[stream == process::Stream::out ? 0 : 1];
    put(unit, stream == process::Stream::out ? stamped("STDOUT", "0", text::printable(line))
                                             : stamped("STDERR", "31", text::printable(line)));
    line.clear();
  }

  void flush(const UnitId& id) {
    const auto found = pending.find(id);
    if (found == pending.end()) return;
    for (const auto stream : {process::Stream::out, process::Stream::err}) {
      if (!found->second.line[stream == process::Stream::out ? 0 : 1].empty())
        put_line(found->second, stream);
    }
    if (FILE* held = found->second.held.get()) {
      std::rewind(held);
      std::array<char, 1 << 16> block;
      while (const std::size_t got = std::fread(block.data(), 1, block.size(), held))
        say({block.data(), got});
    }
    pending.erase(found);
  }

  std::string issue_of(const UnitId& unit) const {
    auto found = issues.find(unit.name);
    if (found == issues.end()) found = issues.find(unit.name.substr(0, unit.name.rfind('.')));
    return found == issues.end() ? "" : found->second;
  }

  bool worth_a_line(const results::UnitFinished& unit) const {
    if (unit.unit.kind == "case") return true;
    return unit.unit.kind == "group" && unit.result != Result::pass && unit.result != Result::skip;
  }

  std::string result_line(const results::UnitFinished& unit) const {
    const Look look = look_of(unit.result);
    const bool bad = results::rtf_result(unit.result) == 1;
    std::string line = fmt::format("{} {} {:.2f}s", tag(look.word, look.colour), label(unit.unit),
                                   std::chrono::duration<double>(unit.elapsed).count());
    if (unit.result == Result::pass && !unit.benchmark.empty())
      line += " [Benchmark: " + unit.benchmark + "]";
    if (bad && !issue_of(unit.unit).empty()) line += " [maybe: " + issue_of(unit.unit) + "]";
    if (!unit.reused_from.empty()) line += " (known from " + unit.reused_from + ")";
    if (unit.leaked) line += " (left processes behind, which were ended)";
    if (!bad && !unit.reason.empty()) line += " (" + unit.reason + ")";
    line += '\n';
    if (!bad) return line;
    line += fmt::format("{:11}{}\n", "", text::printable(unit.reason));
    if (!unit.log.empty()) line += fmt::format("{:11}log: {}\n", "", (folder / unit.log).string());
    return line;
  }
  bool opening_lines = true;
};

ConsoleReporter::ConsoleReporter(int verbosity, bool several_arches, bool one_at_a_time)
    : state_(new State{
          verbosity, several_arches, one_at_a_time, use_colour(STDERR_FILENO), {}, {}, {}}) {}

ConsoleReporter::~ConsoleReporter() = default;

void ConsoleReporter::know_issues(std::map<std::string, std::string> issues) {
  state_->issues = std::move(issues);
}

void ConsoleReporter::leave_standard_output_alone() { state_->opening_lines = false; }

void ConsoleReporter::run_started(const std::string& id, const std::filesystem::path& folder,
                                  const std::string& labels) {
  state_->folder = folder;
  if (state_->opening_lines) print(fmt::format("LABELS: {}\nID: {}\n", labels, id));
}

void ConsoleReporter::started(const UnitId& unit) {
  if (state_->verbosity < 2) return;
  const std::string what = unit.kind == "group" ? "Running " : "Running test ";
  state_->put(state_->pending[unit], state_->stamped("INFO", "34", what + state_->label(unit)));
}

void ConsoleReporter::output(const UnitId& unit, process::Stream stream, std::string_view bytes) {
  if (state_->verbosity < (stream == process::Stream::err ? 1 : 2)) return;
  Pending& pending = state_->pending[unit];
  std::string& line = pending.line[stream == process::Stream::out ? 0 : 1];
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, std::min(end, longest_piece - line.size()));
    line += part;
    bytes.remove_prefix(part.size());
    const bool ended = !bytes.empty() && bytes.front() == '\n';
    if (ended) bytes.remove_prefix(1);
    if (ended || line.size() >= longest_piece) state_->put_line(pending, stream);
  }
}

void ConsoleReporter::finished(const results::UnitFinished& unit) {
  state_->flush(unit.unit);
  if (state_->worth_a_line(unit)) state_->say(state_->result_line(unit));
}

void ConsoleReporter::summary(const results::RunRecord& run) {
  const results::Counts counts = results::count(run);
  const double seconds =
      run.begin && run.end ? std::chrono::duration<double>(*run.end - *run.begin).count() : 0;
  const auto line = [&](const std::string& text) {
    state_->say(state_->tag("SUMMARY", "0") + " " + text + "\n");
  };
  line("LogDir: " + run.start.run_id);
  line("Version: " + run.start.host_version);
  line(fmt::format("Passed: {}", counts.passed));
  line(fmt::format("Failed: {}", counts.bad() + counts.missing));
  line(fmt::format("Cancelled: {}", counts.cancelled));
  line(fmt::format("Skipped: {}", counts.skipped));
  line(fmt::format("Duration: {:.2f}s", seconds));
  line("Results: " + state_->folder.string());
  line(results::describe(counts) + (run.finished ? "" : "; the run was interrupted"));
}

}  // namespace rtfx::commands
