// SPDX-License-Identifier: Apache-2.0
#include "results/tap.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "results/json_text.hpp"

namespace rtfx::results {
namespace {

/// TAP is a matter of lines.
std::string one_line(const std::string& text) {
  std::string clean = text::printable(text);
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return clean;
}

/// A description ends at the first "#" that has no backslash before it.
std::string description(const UnitId& unit) {
  std::string escaped;
  for (const char c : one_line(unit.name)) {
    if (c == '#' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return unit.arch.empty() ? escaped : fmt::format("{} ({})", escaped, one_line(unit.arch));
}

/// The strings of JSON are strings of YAML.
void put(std::string& out, const char* indent, const char* key, const std::string& value) {
  if (value.empty()) return;
  out += fmt::format("{}{}: ", indent, key);
  append_json_string(out, value);
  out += '\n';
}

void put_time(std::string& out, const char* indent, std::chrono::nanoseconds elapsed) {
  out += fmt::format("{}duration_ms: {}\n", indent,
                     std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count());
}

void put_attempts(std::string& out, const std::vector<UnitRetried>& attempts) {
  if (attempts.empty()) return;
  out += "  attempts:\n";
  for (const UnitRetried& attempt : attempts) {
    out += fmt::format("    - status: {}\n", result_name(attempt.result));
    put(out, "      ", "reason", attempt.reason);
    put_time(out, "      ", attempt.elapsed);
    put(out, "      ", "log", attempt.log);
  }
}

std::string diagnostic(const UnitRecord& unit) {
  std::string out = "  ---\n";
  if (!unit.finished) {
    out += "  status: missing\n";
  } else {
    const UnitFinished& finished = *unit.finished;
    out += fmt::format("  status: {}\n", result_name(finished.result));
    put(out, "  ", "reason", finished.reason);
    put_time(out, "  ", finished.elapsed);
    put(out, "  ", "log", finished.log);
    put(out, "  ", "benchmark", finished.benchmark);
    put(out, "  ", "reused_from", finished.reused_from);
    if (finished.leaked) out += "  leaked: true\n";
    if (finished.interrupted) out += "  interrupted: true\n";
  }
  if (unit.flaky()) out += "  flaky: true\n";
  put_attempts(out, unit.retried);
  return out + "  ...\n";
}

bool plain_pass(const UnitRecord& unit) {
  return unit.finished && unit.finished->result == Result::pass && !unit.flaky() &&
         !unit.finished->leaked && unit.finished->reused_from.empty() &&
         unit.finished->benchmark.empty();
}

/// "# SKIP REASON", or "".
std::string directive(const UnitRecord& unit) {
  if (!unit.finished || unit.finished->interrupted) return "";
  const UnitFinished& finished = *unit.finished;
  if (finished.result == Result::skip) return " # SKIP " + one_line(finished.reason);
  if (finished.result == Result::cancel) return " # SKIP cancelled: " + one_line(finished.reason);
  return "";
}

}  // namespace

std::string tap_header(std::size_t count) {
  return fmt::format("TAP version 14\n1..{}\n",
                     count == 0 ? "0 # SKIP no tests" : fmt::to_string(count));
}

std::string tap_line(std::size_t number, const UnitRecord& unit) {
  const std::string skip = directive(unit);
  const bool ok = (unit.finished && unit.finished->result == Result::pass) || !skip.empty();
  std::string out = fmt::format("{} {} - {}{}\n", ok ? "ok" : "not ok", number,
                                description(unit.planned.unit), skip);
  if (!plain_pass(unit)) out += diagnostic(unit);
  return out;
}

std::string tap_bail_out(const std::string& reason) {
  return fmt::format("Bail out! {}\n", one_line(reason));
}

}  // namespace rtfx::results
