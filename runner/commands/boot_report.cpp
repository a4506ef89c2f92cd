// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/boot_report.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/files.hpp"

namespace rtfx::commands {
namespace {

using Json = nlohmann::ordered_json;

/// A pipe that can be written takes so much without blocking (PIPE_BUF, pipe(7)).
constexpr std::size_t piece = 4096;
constexpr int look_again_ms = 100;
/// A terminal that a guest may have left without line wrap, cursor or colours.
constexpr std::string_view usual_modes = "\x1b[0m\x1b[?7h\x1b[?25h";

Json tests_as_json(const vm::GuestReport& report) {
  Json tests = Json::array();
  for (const KtapTest& test : report.tests) {
    tests.push_back(
        {{"name", test.name}, {"result", ktap_result_name(test.result)}, {"detail", test.detail}});
  }
  return tests;
}

void print_lines(const char* title, const std::vector<std::string>& lines) {
  fmt::print(stderr, "rtfx: boot: {}:\n", title);
  for (const std::string& line : lines) fmt::print(stderr, "    {}\n", line);
}

}  // namespace

ConsolePrinter::ConsolePrinter(bool quiet, bool raw, std::stop_token stop)
    : quiet_(quiet), terminal_(::isatty(STDOUT_FILENO) == 1), raw_(raw), stop_(std::move(stop)) {}

void ConsolePrinter::print(std::string_view bytes) {
  if (quiet_ || bytes.empty()) return;
  if (!terminal_ || raw_) return write(bytes);
  write(filter_.feed(bytes));
}

void ConsolePrinter::write(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd out{STDOUT_FILENO, POLLOUT, 0};
    if (::poll(&out, 1, look_again_ms) <= 0) {
      if (stop_.stop_requested()) return;
      continue;
    }
    const std::string_view first = bytes.substr(0, piece);
    write_all(STDOUT_FILENO, first, "standard output");
    last_ = first.back();
    bytes.remove_prefix(first.size());
  }
}

void ConsolePrinter::finish() {
  if (terminal_ && !quiet_) write(raw_ ? std::string(usual_modes) : filter_.finish());
  if (last_ != '\n') write("\n");  // the verdict starts a line, on a terminal too
}

void print_verdict(const vm::BootOutcome& outcome) {
  const double seconds = std::chrono::duration<double>(outcome.elapsed).count();
  const std::string when =
      fmt::format("after {:.1f} s ({})", seconds, vm::accelerator_name(outcome.accelerator));
  for (const std::string& line : outcome.report.allowed)
    fmt::print(stderr, "rtfx: boot: allowed: {}\n", line);
  if (outcome.log_left_out > 0) {
    fmt::print(
        stderr,
        "rtfx: boot: {} bytes in the middle of the console are not in its log (--log-limit)\n",
        outcome.log_left_out);
  }
  if (outcome.ok) {
    fmt::print(stderr, "rtfx: boot: ok {}: {}\n", when, outcome.message);
    return;
  }
  fmt::print(stderr, "rtfx: boot: failed: {} {}: {}\n", vm::boot_ending_name(outcome.ending), when,
             outcome.message);
  if (outcome.ending == vm::BootEnding::cancelled) return;
  if (!outcome.report.lines.empty())
    return print_lines("the report of the kernel", outcome.report.lines);
  if (outcome.last_lines.empty()) {
    fmt::print(stderr, "rtfx: boot: the console stayed empty\n");
    return;
  }
  print_lines("the last lines of the console", outcome.last_lines);
}

void print_verdict_as_json(const vm::BootOutcome& outcome, const vm::BootSpec& spec) {
  Json ports = Json::array();
  for (const vm::Publish& port : outcome.published) {
    ports.push_back({{"host", port.host}, {"guest", port.guest}, {"protocol", port.protocol}});
  }
  Json json = {{"ok", outcome.ok},
               {"ending", vm::boot_ending_name(outcome.ending)},
               {"message", outcome.message},
               {"arch", spec.arch.name},
               {"accelerator", vm::accelerator_name(outcome.accelerator)},
               {"accelerator_reason", spec.accelerator_reason},
               {"seconds", std::chrono::duration<double>(outcome.elapsed).count()},
               {"publish", ports},
               {"report", outcome.report.lines},
               {"allowed", outcome.report.allowed},
               {"tests", tests_as_json(outcome.report)},
               {"exit_code", nullptr},
               {"last_lines", outcome.last_lines}};
  if (outcome.report.exit_code) json["exit_code"] = *outcome.report.exit_code;
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace rtfx::commands
