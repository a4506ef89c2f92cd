// SPDX-License-Identifier: Apache-2.0
//
// The part of the JUnit dialects that Jenkins, GitLab and the actions of GitHub all read:
// testsuites > testsuite > testcase with at most one of failure, error and skipped, then the earlier
// attempts as Surefire names them, then system-out. Jenkins reads attempts only as flakyFailure and
// rerunFailure, whatever the kind of their failure; GitLab shows of a failure only its text.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/text.hpp"
#include "results/excerpt.hpp"
#include "results/junit_limits.hpp"
#include "results/junit_names.hpp"
#include "results/reports.hpp"
#include "results/rows.hpp"
#include "results/timestamp.hpp"
#include "results/xml_text.hpp"

namespace rtfx::results {
namespace {

constexpr std::size_t last_lines = 2000;  ///< bytes of output in the text of a failure
constexpr std::size_t most_inner_tests = 50'000;
constexpr std::size_t longest_detail = 500;  ///< bytes

std::string seconds(std::chrono::nanoseconds duration) {
  return fmt::format("{:.3f}", std::chrono::duration<double>(duration).count());
}

struct Totals {
  std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
  std::chrono::nanoseconds elapsed{0};
};

/// Its tests need not follow one another in the run.
struct Suite {
  std::string name;
  Totals totals;
  std::vector<std::size_t> units;
  std::vector<std::size_t> inner;  ///< how many results within each unit are written
};

enum class Outcome { pass, failure, error, skipped };

Outcome outcome_of(const Row& row) {
  if (!row.finished) return Outcome::error;
  switch (row.finished->result) {
    case Result::pass:
      return Outcome::pass;
    case Result::fail:
    case Result::timeout:
      return Outcome::failure;
    case Result::error:
      return Outcome::error;
    case Result::skip:
    case Result::cancel:
      return Outcome::skipped;
  }
  return Outcome::error;
}

/// Of a result within a case. The case has the last word: what failed in one that passed did not matter to it.
Outcome outcome_of(const KtapTest& test, bool passed) {
  switch (test.result) {
    case KtapTest::Result::pass:
      return Outcome::pass;
    case KtapTest::Result::skip:
      return Outcome::skipped;
    case KtapTest::Result::fail:
      return passed ? Outcome::skipped : Outcome::failure;
    case KtapTest::Result::missing:
      return passed ? Outcome::skipped : Outcome::error;
  }
  return Outcome::error;
}

void add(Totals& totals, Outcome outcome) {
  ++totals.tests;
  switch (outcome) {
    case Outcome::pass:
      break;
    case Outcome::failure:
      ++totals.failures;
      break;
    case Outcome::error:
      ++totals.errors;
      break;
    case Outcome::skipped:
      ++totals.skipped;
      break;
  }
}

void append_totals(std::string& out, const Totals& totals) {
  out +=
      fmt::format(R"( tests="{}" failures="{}" errors="{}" skipped="{}" time="{}")", totals.tests,
                  totals.failures, totals.errors, totals.skipped, seconds(totals.elapsed));
}

/// The end of an output, from the start of a line.
std::string_view end_of(std::string_view output) {
  if (output.size() <= last_lines) return output;
  output.remove_prefix(output.size() - last_lines);
  const auto line = output.find('\n');
  if (line != std::string_view::npos && line + 1 < output.size()) output.remove_prefix(line + 1);
  while (!output.empty() && (static_cast<unsigned char>(output.front()) & 0xC0) == 0x80)
    output.remove_prefix(1);
  return output;
}

/// What a reader of the output should know first.
std::string notes_of(const UnitRecord& unit) {
  std::string notes;
  if (!unit.finished) return notes;
  const UnitFinished& finished = *unit.finished;
  if (!finished.reused_from.empty())
    notes +=
        fmt::format("[cached: the result of run {}; it was not run again]\n", finished.reused_from);
  if (unit.flaky())
    notes += fmt::format("[flaky: passed at attempt {}]\n", unit.retried.size() + 1);
  if (finished.leaked) notes += "[it left processes behind]\n";
  return notes;
}

class Writer {
 public:
  Writer(const RunRecord& run, const std::filesystem::path& folder, const Sink& sink)
      : run_(run), folder_(folder), sink_(sink) {}

  void write() {
    survey();
    text_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites";
    append_xml_attribute(text_, "name", "rtfx " + run_.start.run_id);
    append_totals(text_, total_);
    text_ += ">\n";
    for (const Suite& suite : suites_) write(suite);
    text_ += "</testsuites>\n";
    sink_(text_);
  }

 private:
  /// Counters and suites stand before the tests that they are made of.
  void survey() {
    std::unordered_map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < run_.units.size(); ++i) {
      if (!reported(run_.units[i])) continue;
      const Row row = make_row(run_.units[i]);
      const std::string name = junit_name(row.planned->unit).suite;
      const auto [place, is_new] = places.try_emplace(name, suites_.size());
      if (is_new) suites_.push_back({name, {}, {}, {}});
      Suite& suite = suites_[place->second];
      suite.units.push_back(i);
      for (Totals* totals : {&suite.totals, &total_}) {
        add(*totals, outcome_of(row));
        totals->elapsed += row.elapsed;
      }
      limits_.count(row);
      suite.inner.push_back(survey_inner(row, suite));
    }
    limits_.start();
  }

  /// The results within a unit; how many of them are written.
  std::size_t survey_inner(const Row& row, Suite& suite) {
    if (!row.finished) return 0;
    const std::vector<KtapTest>& tests = row.finished->tests;
    const std::size_t count = std::min(tests.size(), inner_left_);
    inner_left_ -= count;
    for (std::size_t i = 0; i < count; ++i) {
      const Outcome outcome = outcome_of(tests[i], outcome_of(row) == Outcome::pass);
      add(suite.totals, outcome);
      add(total_, outcome);
      limits_.count_inner(row.planned->unit.name.size() + tests[i].name.size() +
                          std::min(tests[i].detail.size(), longest_detail));
    }
    return count;
  }

  void write(const Suite& suite) {
    text_ += " <testsuite";
    append_xml_attribute(text_, "name", suite.name);
    append_totals(text_, suite.totals);
    const Row first = make_row(run_.units[suite.units.front()]);
    if (const auto start = first.start ? first.start : run_.begin)
      append_xml_attribute(text_, "timestamp", format_time(*start));
    if (!run_.start.hostname.empty()) append_xml_attribute(text_, "hostname", run_.start.hostname);
    text_ += ">\n";
    std::set<std::string> names;
    for (std::size_t i = 0; i < suite.units.size(); ++i) {
      const Row row = make_row(run_.units[suite.units[i]]);
      write(suite, names, row);
      for (std::size_t test = 0; test < suite.inner[i]; ++test)
        write(suite, names, row, row.finished->tests[test]);
      sink_(text_);
      text_.clear();
    }
    text_ += " </testsuite>\n";
  }

  /// GitLab keeps only the first of several tests with one name.
  static std::string unique(std::set<std::string>& names, const std::string& name) {
    std::string candidate = name;
    for (int i = 2; !names.insert(candidate).second; ++i)
      candidate = fmt::format("{} ({})", name, i);
    return candidate;
  }

  void write(const Suite& suite, std::set<std::string>& names, const Row& row) {
    text_ += "  <testcase";
    append_xml_attribute(text_, "classname", suite.name);
    append_xml_attribute(text_, "name", unique(names, junit_name(row.planned->unit).test));
    append_xml_attribute(text_, "time", seconds(row.elapsed));
    if (row.start && limits_.timestamps())
      append_xml_attribute(text_, "timestamp", format_time(*row.start));
    if (!row.planned->file.empty()) append_xml_attribute(text_, "file", row.planned->file);
    text_ += '>';
    const bool passed = outcome_of(row) == Outcome::pass;
    const std::string notes = notes_of(*row.unit);
    const std::string output = output_of(row.finished ? row.finished->log : "", passed);
    write_outcome(row, output);
    for (const UnitRetried& attempt : row.unit->retried) write_attempt(attempt, row.unit->flaky());
    write_output(notes + output);
    text_ += "</testcase>\n";
  }

  /// A result within a unit is a test beside it: readers know no tests in tests.
  void write(const Suite& suite, std::set<std::string>& names, const Row& row,
             const KtapTest& test) {
    text_ += "  <testcase";
    append_xml_attribute(text_, "classname", suite.name);
    append_xml_attribute(text_, "name",
                         unique(names, junit_name(row.planned->unit).test + ": " + test.name));
    append_xml_attribute(text_, "time", seconds(std::chrono::nanoseconds(0)));
    text_ += '>';
    const Outcome outcome = outcome_of(test, outcome_of(row) == Outcome::pass);
    const std::string result = ktap_result_name(test.result);
    std::string detail = shortened(test.detail, longest_detail);
    if (outcome == Outcome::skipped) {
      text_ += "<skipped";
      if (test.bad())
        detail = result + ", but the case passed" + (detail.empty() ? "" : ": ") + detail;
      append_xml_attribute(text_, "message", detail);
      text_ += "/>";
    } else if (outcome != Outcome::pass) {
      const char* element = outcome == Outcome::failure ? "failure" : "error";
      text_ += fmt::format("<{}", element);
      append_xml_attribute(text_, "message", result);
      append_xml_attribute(text_, "type", result);
      text_ += '>';
      append_xml_text(text_, detail);
      text_ += fmt::format("</{}>", element);
    }
    text_ += "</testcase>\n";
  }

  std::string output_of(const std::string& log, bool passed) {
    const std::size_t size = limits_.output(passed);
    const auto path = log_file(folder_, log);
    if (!log.empty() && !path) return "[the log is outside of the run's folder]";
    return size == 0 || !path ? "" : excerpt(*path, size / 2);
  }

  void write_outcome(const Row& row, const std::string& output) {
    const Outcome outcome = outcome_of(row);
    if (outcome == Outcome::pass) return;
    const std::string reason = shortened(row.reason, limits_.reason());
    if (outcome == Outcome::skipped) {
      text_ += "<skipped";
      append_xml_attribute(text_, "message", reason);
      text_ += "/>";
      return;
    }
    const char* element = outcome == Outcome::failure ? "failure" : "error";
    text_ += fmt::format("<{}", element);
    append_xml_attribute(text_, "message", reason);
    append_xml_attribute(text_, "type", row.status);
    text_ += '>';
    append_xml_text(text_, reason);
    if (row.finished) append_log_name(row.finished->log);
    if (!output.empty()) {
      std::string end = "\n\n";
      append_xml_text(end, end_of(output));
      if (limits_.spend(end.size(), 0)) text_ += end;
    }
    text_ += fmt::format("</{}>", element);
  }

  void append_log_name(const std::string& log) {
    if (log.empty()) return;
    text_ += "\nlog: ";
    append_xml_text(text_, log);
  }

  void write_attempt(const UnitRetried& attempt, bool flaky) {
    const char* element = flaky ? "flakyFailure" : "rerunFailure";
    const std::string reason = shortened(attempt.reason, limits_.reason());
    text_ += fmt::format("<{}", element);
    append_xml_attribute(text_, "message", fmt::format("attempt {}: {}", attempt.attempt, reason));
    append_xml_attribute(text_, "type", result_name(attempt.result));
    text_ += "><stackTrace>";
    append_xml_text(text_, reason);
    append_log_name(attempt.log);
    text_ += "</stackTrace>";
    write_output(output_of(attempt.log, false));
    text_ += fmt::format("</{}>", element);
  }

  void write_output(const std::string& output) {
    if (output.empty()) return;
    std::string element = "<system-out>";
    append_xml_text(element, output);
    element += "</system-out>";
    if (limits_.spend(element.size(), 1)) text_ += element;
  }

  const RunRecord& run_;
  const std::filesystem::path& folder_;
  const Sink& sink_;
  std::vector<Suite> suites_;
  Totals total_;
  JunitLimits limits_;
  std::size_t inner_left_ = most_inner_tests;
  std::string text_;
};

}  // namespace

void write_junit(const RunRecord& run, const std::filesystem::path& folder, const Sink& sink) {
  Writer(run, folder, sink).write();
}

}  // namespace rtfx::results
