// SPDX-License-Identifier: Apache-2.0
#include "runner/console/wording.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "results/timestamp.hpp"
#include "runner/console/width.hpp"

namespace rtfx::console {
namespace {

using results::Result;

struct Look {
  const char* word;
  const char* shade;
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

const char* left_behind(bool leaked) {
  return leaked ? " (left processes behind, which were ended)" : "";
}

}  // namespace

bool is_flaky(const results::UnitFinished& unit, int failed_attempts) {
  return unit.result == Result::pass && failed_attempts > 0;
}

std::string hundredths(std::chrono::nanoseconds time) {
  return fmt::format("{:.2f}", std::chrono::duration<double>(time).count());
}

std::string Wording::coloured(const std::string& text, const char* shade) const {
  return colour ? fmt::format("\x1b[{}m{}\x1b[0m", shade, text) : text;
}

std::string Wording::tag(const char* word, const char* shade) const {
  return coloured(fmt::format("[{:<8}]", word), shade);
}

std::string Wording::label(const results::UnitId& unit) const {
  const std::string name = text::flattened(unit.name);
  return several_arches ? fmt::format("{} ({})", name, unit.arch) : name;
}

std::string Wording::indented(const std::string& text) {
  return fmt::format("{:11}{}\n", "", text);
}

std::string Wording::stamped(const char* word, const char* shade,
                             std::chrono::system_clock::time_point time,
                             const std::string& text) const {
  return fmt::format("{} {}: {}\n", tag(word, shade), results::format_time(time),
                     text::printable(text));
}

std::string Wording::retried(const results::UnitRetried& unit) const {
  return fmt::format("{} {} {}s attempt {}: {}{}\n", tag("RETRY", "1;33"), label(unit.unit),
                     hundredths(unit.elapsed), unit.attempt, text::flattened(unit.reason),
                     left_behind(unit.leaked));
}

std::string Wording::finished(const results::UnitFinished& unit, int failed_attempts,
                              const std::string& issue) const {
  const bool flaky = is_flaky(unit, failed_attempts);
  const bool bad = results::rtf_result(unit.result) == 1;
  const bool cached = unit.result == Result::pass && !unit.reused_from.empty();
  const Look look = flaky    ? Look{"FLAKY", "1;33"}
                    : cached ? Look{"CACHED", "32"}
                             : look_of(unit.result);
  std::string line = fmt::format("{} {} {}s", tag(look.word, look.shade), label(unit.unit),
                                 hundredths(unit.elapsed));
  if (flaky) line += fmt::format(" (passed at attempt {})", failed_attempts + 1);
  if (unit.result == Result::pass && !unit.benchmark.empty())
    line += " [Benchmark: " + text::flattened(unit.benchmark) + "]";
  if (bad && !issue.empty()) line += " [maybe: " + text::flattened(issue) + "]";
  if (!unit.reused_from.empty()) line += " (passed in " + text::flattened(unit.reused_from) + ")";
  line += left_behind(unit.leaked);
  if (!bad && !unit.reason.empty()) line += " (" + text::flattened(unit.reason) + ")";
  line += '\n';
  if (!bad) return line;
  line += indented(text::printable(unit.reason));
  if (!unit.log.empty()) line += indented("log: " + (folder / unit.log).string());
  return line;
}

}  // namespace rtfx::console
