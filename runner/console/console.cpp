// SPDX-License-Identifier: Apache-2.0
#include "runner/console/console.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/files.hpp"
#include "harness/process/interrupt.hpp"
#include "results/rows.hpp"
#include "runner/console/progress.hpp"
#include "runner/console/screen.hpp"
#include "runner/console/unit_output.hpp"
#include "runner/console/width.hpp"
#include "runner/console/wording.hpp"
#include "runner/run_folder.hpp"

namespace rtfx::console {
namespace {

using process::Stream;
using results::Result;
using results::UnitFinished;
using results::UnitId;

constexpr std::size_t most_running_shown = 8;
constexpr std::size_t lines_of_output = 10;
constexpr std::size_t longest_line_of_output = 400;  ///< columns
/// With no more cases than this, what failed has not scrolled away.
constexpr std::size_t few_cases = 20;

std::size_t index_of(Stream stream) { return stream == Stream::out ? 0 : 1; }

/// What is kept of a unit while it runs.
struct Output {
  std::array<LineCutter, 2> lines;
  HeldText held;
  Tail tail;
};

bool worth_a_line(const UnitFinished& unit) {
  if (unit.unit.kind == "case") return true;
  if (unit.unit.kind != "group") return false;
  return unit.leaked || (unit.result != Result::pass && unit.result != Result::skip);
}

}  // namespace

struct Console::State {
  ConsoleOptions options;
  Wording wording;
  Writer out;
  Screen screen;
  process::Loop* loop = nullptr;
  std::shared_ptr<bool> attached;  ///< there while the loop may call back

  runner::RunInfo run;
  bool begun = false;                    ///< an event has come
  std::map<UnitId, std::string> issues;  ///< of cases that have known ones
  Progress progress;
  std::map<UnitId, Output> outputs;
  std::map<UnitId, int> attempts;       ///< of cases that were retried: the last one that failed
  std::vector<std::string> noteworthy;  ///< the lines of what failed or was flaky
  std::size_t ran = 0;
  std::string reason;  ///< why the run did not come to its end
  Progress::TimePoint last_event{};
  bool stopping = false;

  explicit State(ConsoleOptions chosen)
      : options(std::move(chosen)),
        wording{options.colour, options.several_arches, {}},
        out(options.out),
        screen(options.err) {}

  // ---- output of units

  void put(Output& unit, const std::string& text) {
    if (options.one_at_a_time)
      screen.say(text);
    else
      unit.held.add(text);
  }

  /// Adds each line to `shown`, as it is shown.
  LineCutter::Take show_in(std::string& shown, Stream stream) const {
    return [this, &shown, stream](const std::string& line) {
      const bool out = stream == Stream::out;
      shown += wording.stamped(out ? "STDOUT" : "STDERR", out ? "0" : "31", options.clock(), line);
    };
  }

  void release(const UnitId& id) {
    const auto found = outputs.find(id);
    if (found == outputs.end()) return;
    Output& unit = found->second;
    std::string rest;
    for (const Stream stream : {Stream::out, Stream::err})
      unit.lines[index_of(stream)].end(show_in(rest, stream));
    if (!rest.empty()) put(unit, rest);
    unit.held.release([this](const std::string& piece) { screen.say(piece); });
    outputs.erase(found);
  }

  // ---- events

  void planned(const results::UnitPlanned& unit) {
    if (!unit.issue.empty()) issues[unit.unit] = unit.issue;
  }

  void started(const results::UnitStarted& unit) {
    Output& output = outputs[unit.unit];
    if (options.verbosity < 2) return;
    const std::string what = unit.unit.kind == "group" ? "Running " : "Running test ";
    put(output, wording.stamped("INFO", "34", options.clock(), what + wording.label(unit.unit)));
  }

  void retried(const results::UnitRetried& unit) {
    release(unit.unit);
    attempts[unit.unit] = unit.attempt;
    screen.say(wording.retried(unit));
  }

  void finished(const UnitFinished& unit) {
    release(unit.unit);
    const auto retried = attempts.find(unit.unit);
    const int failed_attempts = retried == attempts.end() ? 0 : retried->second;
    if (retried != attempts.end()) attempts.erase(retried);
    if (unit.unit.kind == "case" && unit.result != Result::skip) ++ran;
    if (!worth_a_line(unit)) return;
    const auto issue = issues.find(unit.unit);
    const std::string line =
        wording.finished(unit, failed_attempts, issue == issues.end() ? "" : issue->second);
    screen.say(line);
    if (results::rtf_result(unit.result) == 1 || is_flaky(unit, failed_attempts))
      noteworthy.push_back(line);
  }

  // ---- what is running

  Progress::TimePoint now() const { return loop != nullptr ? loop->now() : last_event; }

  LiveArea::Line summary_line(Size size) const {
    Progress::Summary summary = progress.summary(now());
    if (stopping) summary.left = "stopping";
    const std::string text = cut(summary.str(size.columns - 1), size.columns - 1);
    LiveArea::Line line{text, display_width(text)};
    const auto failed = text.find(summary.failed);
    if (!summary.failed.empty() && failed != std::string::npos)
      line.text.replace(failed, summary.failed.size(), wording.coloured(summary.failed, "31"));
    return line;
  }

  std::string running_line(const Progress::Running& unit) const {
    const std::string attempt =
        unit.attempt > 1 ? fmt::format(", attempt {}", unit.attempt) : std::string();
    return fmt::format("{:>7}  {}{}", format_clock(now() - unit.since), wording.label(unit.unit),
                       attempt);
  }

  std::vector<LiveArea::Line> area(Size size) const {
    const auto running = progress.running();
    if (running.empty() || size.columns < 2 || size.rows < 2) return {};
    std::vector<LiveArea::Line> lines{summary_line(size)};
    const std::size_t room = std::min(most_running_shown, size.rows - 2);
    const std::size_t shown = running.size() <= room ? running.size() : room - (room > 1 ? 1 : 0);
    const auto add = [&](const std::string& text) {
      const std::string fitted = cut(text, size.columns - 1);
      lines.push_back({fitted, display_width(fitted)});
    };
    for (std::size_t i = 0; i < shown; ++i) add(running_line(running[i]));
    if (shown < running.size() && room > 1)
      add(fmt::format("{:>7}  and {} more", "", running.size() - shown));
    return lines;
  }

  /// Where the output is written, when there is such a file.
  std::string log_of(const UnitId& unit) const {
    for (const std::string& arch :
         {options.several_arches ? unit.arch : std::string(), std::string()}) {
      const auto path = run.folder / runner::log_file_name(unit.name, arch);
      std::error_code error;
      if (std::filesystem::exists(path, error)) return path.string();
    }
    return "";
  }

  void say_status_of(const Progress::Running& unit) {
    screen.say(fmt::format("{} {} {}s attempt {}\n", wording.tag("RUNNING", "1;34"),
                           wording.label(unit.unit), hundredths(now() - unit.since), unit.attempt));
    if (const std::string log = log_of(unit.unit); !log.empty())
      screen.say(Wording::indented("log: " + log));
    const auto output = outputs.find(unit.unit);
    if (output == outputs.end()) return;
    for (const std::string& line : output->second.tail.lines(lines_of_output))
      screen.say(Wording::indented("| " + cut(line, longest_line_of_output)));
  }

  void look_for_interruption() {
    if (stopping || !process::interrupted()) return;
    stopping = true;
    screen.changed();
  }
};

Console::Console(ConsoleOptions options) : state_(new State(std::move(options))) {}

Console::~Console() {
  detach();
  state_->screen.finish();
}

void Console::attach(process::Loop& loop) {
  State& state = *state_;
  const ConsoleOptions& options = state.options;
  state.loop = &loop;
  state.attached = std::make_shared<bool>(true);
  state.out.attach(loop);
  const bool live =
      options.progress && is_capable_terminal(options.err) && environment("CI").empty();
  const bool keys = live && ::isatty(options.in) == 1;
  Screen::Lines lines;
  if (live) {
    lines = [&state](Size size) {
      state.look_for_interruption();
      return state.area(size);
    };
  }
  state.screen.attach(loop, std::move(lines), keys ? options.in : -1, [this](char key) {
    if (key == 't' || key == 'T') status();
  });
  if (live) process::at_sudden_end(restore_terminal);
  // The question comes from another thread, and its answer may be due when nobody is there any more.
  process::on_status_request([this, &loop, here = std::weak_ptr<bool>(state.attached)] {
    loop.post([this, here] {
      if (!here.expired()) status();
    });
  });
}

void Console::detach() {
  if (state_->loop == nullptr) return;
  process::on_status_request({});
  state_->attached.reset();
  state_->last_event = state_->now();
  state_->screen.detach();
  process::at_sudden_end(nullptr);
  state_->out.detach();
  state_->loop = nullptr;
}

void Console::run_started(const runner::RunInfo& run) {
  State& state = *state_;
  state.run = run;
  state.wording.folder = run.folder;
  if (state.options.opening_lines)
    state.out.write(fmt::format("LABELS: {}\nID: {}\n", run.labels, run.id));
}

void Console::event(const results::Event& event) {
  State& state = *state_;
  if (state.loop == nullptr) state.last_event = Progress::TimePoint(event.time.time_since_epoch());
  // Without a loop the first event tells when the run began.
  if (!std::exchange(state.begun, true)) state.progress.start(state.run, state.now());
  state.progress.event(event, state.now());
  state.screen.changed();
  if (const auto* planned = std::get_if<results::UnitPlanned>(&event.what)) {
    state.planned(*planned);
  } else if (const auto* started = std::get_if<results::UnitStarted>(&event.what)) {
    state.started(*started);
  } else if (const auto* retried = std::get_if<results::UnitRetried>(&event.what)) {
    state.retried(*retried);
  } else if (const auto* finished = std::get_if<UnitFinished>(&event.what)) {
    state.finished(*finished);
  } else if (const auto* end = std::get_if<results::RunFinished>(&event.what)) {
    state.reason = end->reason;
    detach();
  }
}

void Console::output(const UnitId& id, Stream stream, std::string_view bytes) {
  State& state = *state_;
  Output& unit = state.outputs[id];
  unit.tail.add(bytes);
  if (state.options.verbosity < (stream == Stream::err ? 1 : 2)) return;
  std::string lines;
  unit.lines[index_of(stream)].add(bytes, state.show_in(lines, stream));
  if (!lines.empty()) state.put(unit, lines);
}

void Console::note(const std::string& lines) { state_->screen.say(lines); }

void Console::status() {
  State& state = *state_;
  const auto running = state.progress.running();
  state.screen.say(state.wording.tag("STATUS", "1;34") + " " +
                   state.progress.summary(state.now()).str() + "\n");
  for (const Progress::Running& unit : running) state.say_status_of(unit);
}

void Console::summary(const results::RunRecord& run) {
  State& state = *state_;
  detach();
  const results::Counts counts = results::count(run);
  const auto line = [&](const std::string& text) {
    state.screen.say(state.wording.tag("SUMMARY", "0") + " " + text + "\n");
  };
  if (state.ran > few_cases && !state.noteworthy.empty()) {
    line("What failed or was flaky, once more:");
    for (const std::string& text : state.noteworthy) state.screen.say(text);
  }
  const auto duration =
      run.begin && run.end ? *run.end - *run.begin : std::chrono::system_clock::duration(0);
  line("LogDir: " + run.start.run_id);
  line("Version: " + run.start.host_version);
  line(fmt::format("Passed: {}", counts.passed));
  line(fmt::format("Failed: {}", counts.bad() + counts.missing));
  line(fmt::format("Cancelled: {}", counts.cancelled));
  line(fmt::format("Skipped: {}", counts.skipped));
  line("Duration: " + hundredths(duration) + "s");
  line("Results: " + state.run.folder.string());
  std::string last = results::describe(counts);
  if (!run.finished)
    last += "; " + (state.reason.empty() ? "the run was interrupted" : state.reason);
  line(last);
  state.screen.finish();
}

}  // namespace rtfx::console
