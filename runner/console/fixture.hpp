// SPDX-License-Identifier: Apache-2.0
//
// For unit tests.
#pragma once

#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "harness/process/fake_loop.hpp"
#include "runner/console/console.hpp"
#include "runner/console/test_terminal.hpp"

namespace rtfx::console {

using namespace std::chrono_literals;
using results::Result;
using results::UnitFinished;
using results::UnitId;

inline UnitId unit(const std::string& name) { return {"case", name, "amd64"}; }

inline UnitFinished finished(const std::string& name, Result result,
                             const std::string& reason = "") {
  UnitFinished unit_finished;
  unit_finished.unit = unit(name);
  unit_finished.result = result;
  unit_finished.reason = reason;
  unit_finished.elapsed = 20ms;
  return unit_finished;
}

/// A console whose output is kept, and a run that it is told of.
class ConsoleTest : public testing::Test {
 protected:
  ConsoleTest() {
    ::unsetenv("CI");
    ::setenv("TERM", "xterm", 1);
    options.out = out.fd;
    options.err = err.fd;
    options.in = -1;
    options.clock = [] { return std::chrono::system_clock::time_point(1700000000s); };
    run.id = "ID";
    run.folder = "/results/ID";
    run.labels = "linux, slow";
    run.cases = 40;
  }

  Console& console() {
    if (!console_) {
      console_ = std::make_unique<Console>(options);
      if (terminal) console_->attach(loop);
      console_->run_started(run);
    }
    return *console_;
  }

  void plan(const std::string& name, const std::string& issue = "") {
    results::UnitPlanned planned;
    planned.unit = unit(name);
    planned.issue = issue;
    tell({planned});
  }
  void start(const std::string& name, int attempt = 1) {
    tell({results::UnitStarted{unit(name), attempt}});
  }
  void retry(const std::string& name, int attempt, const std::string& reason) {
    tell({results::UnitRetried{unit(name), attempt, Result::fail, reason, 30ms, false, "LOG"}});
  }
  void end(const UnitFinished& unit_finished) { tell({unit_finished}); }
  void tell(results::Event event) {
    event.time = std::chrono::system_clock::time_point(time);
    console().event(event);
  }

  /// Standard error becomes a terminal.
  void on_terminal(std::size_t columns, std::size_t rows) {
    terminal = std::make_unique<TestTerminal>(columns, rows);
    options.err = terminal->fd;
  }
  void wait(std::chrono::milliseconds how_long) {
    loop.after(how_long, [this] { loop.stop(); });
    loop.run();
  }

  TestFile out, err;
  process::FakeLoop loop;
  std::unique_ptr<TestTerminal> terminal;
  ConsoleOptions options;
  runner::RunInfo run;
  std::chrono::seconds time{1000};
  std::unique_ptr<Console> console_;
};

inline results::RunRecord record_of(const std::vector<UnitFinished>& units) {
  results::RunRecord record;
  record.start.run_id = "ID";
  record.start.host_version = "12";
  record.begin = std::chrono::system_clock::time_point(10s);
  record.end = std::chrono::system_clock::time_point(12s);
  record.finished = true;
  for (const UnitFinished& unit_finished : units) {
    results::UnitRecord unit_record;
    unit_record.planned.unit = unit_finished.unit;
    unit_record.finished = unit_finished;
    record.units.push_back(unit_record);
  }
  return record;
}

}  // namespace rtfx::console
