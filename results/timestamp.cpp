// SPDX-License-Identifier: Apache-2.0
#include "results/timestamp.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "base/error.hpp"

namespace rtfx::results {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::system_clock;

/// Reads what `text` starts with and takes it away.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : whole_(text), text_(text) {}

  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) value = value * 10 + digit();
    return value;
  }
  int digit() {
    if (!at_digit()) fail();
    const int value = text_.front() - '0';
    text_.remove_prefix(1);
    return value;
  }
  bool at_digit() const { return !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; }
  bool accept(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail();
  }
  bool done() const { return text_.empty(); }
  [[noreturn]] void fail() const {
    throw Error(fmt::format("\"{}\" is not an RFC 3339 time", whole_));
  }

 private:
  std::string_view whole_, text_;
};

std::string format_date_and_time(system_clock::time_point time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{days};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<seconds>(time - days)};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

/// Nanoseconds of a fraction; digits beyond the ninth are dropped.
nanoseconds scan_fraction(Scanner& scanner) {
  std::int64_t value = 0;
  int digits = 0;
  while (scanner.at_digit()) {
    const int digit = scanner.digit();
    if (digits < 9) {
      value = value * 10 + digit;
      ++digits;
    }
  }
  for (; digits < 9; ++digits) value *= 10;
  return nanoseconds(value);
}

seconds scan_offset(Scanner& scanner) {
  if (scanner.accept('Z')) return seconds(0);
  const bool west = scanner.accept('-');
  if (!west) scanner.expect('+');
  const int hours = scanner.number(2);
  scanner.expect(':');
  const seconds offset{hours * 3600 + scanner.number(2) * 60};
  return west ? -offset : offset;
}

}  // namespace

std::string format_time(system_clock::time_point time) {
  const auto fraction =
      std::chrono::duration_cast<nanoseconds>(time - std::chrono::floor<seconds>(time));
  return fmt::format("{}.{:09}Z", format_date_and_time(time), fraction.count());
}

std::string format_time_seconds(system_clock::time_point time) {
  return format_date_and_time(time) + "Z";
}

system_clock::time_point parse_time(std::string_view text) {
  Scanner scanner(text);
  const std::chrono::year year{scanner.number(4)};
  scanner.expect('-');
  const std::chrono::month month{static_cast<unsigned>(scanner.number(2))};
  scanner.expect('-');
  const std::chrono::day day{static_cast<unsigned>(scanner.number(2))};
  const std::chrono::year_month_day date{year, month, day};
  if (!date.ok()) scanner.fail();
  scanner.expect('T');
  const int hour = scanner.number(2);
  scanner.expect(':');
  const int minute = scanner.number(2);
  scanner.expect(':');
  const int second = scanner.number(2);
  if (hour > 23 || minute > 59 || second > 60) scanner.fail();
  nanoseconds since_midnight = seconds(hour * 3600 + minute * 60 + second);
  if (scanner.accept('.')) since_midnight += scan_fraction(scanner);
  since_midnight -= scan_offset(scanner);
  if (!scanner.done()) scanner.fail();
  return system_clock::time_point(sys_days(date)) +
         std::chrono::duration_cast<system_clock::duration>(since_midnight);
}

}  // namespace rtfx::results
