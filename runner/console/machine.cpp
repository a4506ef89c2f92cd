// SPDX-License-Identifier: Apache-2.0
#include "runner/console/machine.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "results/event_log.hpp"
#include "results/tap.hpp"
#include "runner/console/width.hpp"
#include "runner/console/writer.hpp"

namespace rtfx::console {
namespace {

/// A program that reads half of it has to be told; one that has gone away has not.
void finish(Writer& out) {
  out.detach();
  out.finish();
  if (out.problem() == 0 || out.problem() == EPIPE) return;
  fmt::print(stderr, "rtfx: note: standard output is not complete: {}\n",
             std::generic_category().message(out.problem()));
}

}  // namespace

// ---- TAP

struct TapReporter::State {
  explicit State(int fd) : out(fd) {}
  Writer out;
  std::size_t planned = 0, ended = 0;
  bool opened = false;  ///< the plan is printed
  std::map<results::UnitId, std::vector<results::UnitRetried>> retried;

  /// Everything is planned before anything else happens.
  void open() {
    if (!std::exchange(opened, true)) out.write(results::tap_header(planned));
  }

  void finished(const results::UnitFinished& unit) {
    open();
    if (unit.unit.kind == "case") {
      results::UnitRecord record;
      record.planned.unit = unit.unit;
      record.finished = unit;
      if (const auto before = retried.extract(unit.unit)) record.retried = before.mapped();
      out.write(results::tap_line(++ended, record));
    } else if (results::rtf_result(unit.result) == 1) {
      out.write(fmt::format("# {} {}: {}\n", results::result_name(unit.result),
                            text::flattened(unit.unit.name), text::flattened(unit.reason)));
    }
  }

  void finished(const results::RunFinished& run) {
    open();
    if (!run.complete)
      out.write(results::tap_bail_out(run.reason.empty() ? "the run was interrupted" : run.reason));
  }
};

TapReporter::TapReporter(int fd) : state_(new State(fd)) {}
TapReporter::~TapReporter() { finish(state_->out); }

void TapReporter::attach(process::Loop& loop) { state_->out.attach(loop); }
void TapReporter::run_started(const runner::RunInfo&) {}
void TapReporter::output(const results::UnitId&, process::Stream, std::string_view) {}

void TapReporter::event(const results::Event& event) {
  if (const auto* planned = std::get_if<results::UnitPlanned>(&event.what)) {
    if (planned->unit.kind == "case") ++state_->planned;
  } else if (const auto* retried = std::get_if<results::UnitRetried>(&event.what)) {
    state_->retried[retried->unit].push_back(*retried);
  } else if (const auto* unit = std::get_if<results::UnitFinished>(&event.what)) {
    state_->finished(*unit);
  } else if (const auto* run = std::get_if<results::RunFinished>(&event.what)) {
    state_->finished(*run);
  }
}

// ---- JSON

struct JsonReporter::State {
  explicit State(int fd) : out(fd) {}
  Writer out;
};

JsonReporter::JsonReporter(int fd) : state_(new State(fd)) {}
JsonReporter::~JsonReporter() { finish(state_->out); }

void JsonReporter::attach(process::Loop& loop) { state_->out.attach(loop); }
void JsonReporter::run_started(const runner::RunInfo&) {}
void JsonReporter::output(const results::UnitId&, process::Stream, std::string_view) {}

void JsonReporter::event(const results::Event& event) {
  state_->out.write(results::format_event(event) + "\n");
}

// ---- all of them

void Reporters::run_started(const runner::RunInfo& run) {
  for (runner::Reporter* reporter : all_) reporter->run_started(run);
}

void Reporters::event(const results::Event& event) {
  for (runner::Reporter* reporter : all_) reporter->event(event);
}

void Reporters::output(const results::UnitId& unit, process::Stream stream,
                       std::string_view bytes) {
  for (runner::Reporter* reporter : all_) reporter->output(unit, stream, bytes);
}

}  // namespace rtfx::console
