// SPDX-License-Identifier: Apache-2.0
//
// The part of the JUnit dialects that Jenkins, GitLab and the actions of GitHub all read:
// testsuites > testsuite > testcase with at most one of failure, error and skipped, then
// system-out. Text is sanitised before pugixml sees it: it writes control characters as references
// that XML 1.0 forbids, and lets invalid UTF-8 through.
#include <fmt/format.h>

#include <map>
#include <pugixml.hpp>
#include <set>
#include <sstream>

#include "base/text.hpp"
#include "results/excerpt.hpp"
#include "results/reports.hpp"
#include "results/rows.hpp"
#include "results/timestamp.hpp"

namespace rtfx::results {
namespace {

constexpr std::size_t passing_output = 1000;  ///< bytes of head and of tail
constexpr std::size_t failing_output = 50'000;
constexpr std::size_t enough_output = 20 << 20;  ///< GitLab refuses files of 30 MB

void set(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(text::printable(value).c_str());
}

void set(pugi::xml_node node, const char* name, std::size_t value) {
  set(node, name, std::to_string(value));
}

void set_text(pugi::xml_node node, const std::string& clean) {
  node.append_child(pugi::node_pcdata).set_value(clean.c_str());
}

std::string seconds(std::chrono::nanoseconds duration) {
  return fmt::format("{:.3f}", std::chrono::duration<double>(duration).count());
}

struct Name {
  std::string suite, test;
};

/// The architecture comes first, always: a test keeps its identity whether one or several
/// architectures run.
Name split_name(const UnitId& unit) {
  const bool is_case = unit.kind == "case" || unit.kind == "group";
  const std::string prefix = unit.arch.empty() ? "" : unit.arch + ".";
  if (!is_case) return {prefix + unit.kind, unit.name};
  const auto dot = unit.name.rfind('.');
  if (dot == std::string::npos) return {prefix + unit.kind, unit.name};
  return {prefix + unit.name.substr(0, dot), unit.name.substr(dot + 1)};
}

/// "linuxkit.t.1" and "linuxkit.t.2" are iterations of one test: the suite is "linuxkit" and the
/// test "t.1".
Name split_iteration(const UnitId& unit) {
  Name name = split_name(unit);
  if (unit.kind != "case" || name.test.find_first_not_of("0123456789") != std::string::npos)
    return name;
  const auto dot = name.suite.rfind('.');
  if (dot == std::string::npos || name.suite.substr(0, dot) == unit.arch) return name;
  return {name.suite.substr(0, dot), name.suite.substr(dot + 1) + "." + name.test};
}

class Writer {
 public:
  Writer(const RunRecord& run, const std::filesystem::path& folder) : run_(run), folder_(folder) {}

  std::string write() {
    for (const Row& row : report_rows(run_)) add(row);
    auto declaration = document_.prepend_child(pugi::node_declaration);
    declaration.append_attribute("version") = "1.0";
    declaration.append_attribute("encoding") = "UTF-8";
    set(root_, "name", "rtfx " + run_.start.run_id);
    finish(root_, total_);
    for (auto& [name, suite] : suites_) finish(suite.node, suite);
    std::ostringstream out;
    document_.save(out, " ", pugi::format_default, pugi::encoding_utf8);
    return out.str();
  }

 private:
  struct Suite {
    pugi::xml_node node;
    std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
    std::chrono::nanoseconds elapsed{0};
    std::set<std::string> names;
  };

  void add(const Row& row) {
    const Name name = split_iteration(row.planned->unit);
    Suite& suite = suite_of(name.suite, row);
    auto test = suite.node.append_child("testcase");
    set(test, "classname", name.suite);
    set(test, "name", unique(suite, name.test));
    set(test, "time", seconds(row.elapsed));
    if (row.start) set(test, "timestamp", format_time(*row.start));
    add_outcome(test, row, suite);
    add_output(test, row);
    for (Suite* each : {&suite, &total_}) {
      ++each->tests;
      each->elapsed += row.elapsed;
    }
  }

  Suite& suite_of(const std::string& name, const Row& row) {
    auto [place, is_new] = suites_.try_emplace(name);
    if (is_new) {
      place->second.node = root_.append_child("testsuite");
      set(place->second.node, "name", name);
      if (const auto start = row.start ? row.start : run_.begin)
        set(place->second.node, "timestamp", format_time(*start));
    }
    return place->second;
  }

  /// GitLab keeps only the first of several tests with one name.
  static std::string unique(Suite& suite, const std::string& name) {
    std::string candidate = name;
    for (int i = 2; !suite.names.insert(candidate).second; ++i)
      candidate = fmt::format("{} ({})", name, i);
    return candidate;
  }

  void add_outcome(pugi::xml_node test, const Row& row, Suite& suite) {
    if (row.status == "pass") return;
    const bool skipped = row.status == "skip" || row.status == "cancel";
    const bool failed = row.status == "fail" || row.status == "timeout";
    auto outcome = test.append_child(skipped ? "skipped" : failed ? "failure" : "error");
    set(outcome, "message", row.reason);
    if (!skipped) {
      set(outcome, "type", row.status);
      std::string detail = row.reason;
      if (row.finished && !row.finished->log.empty()) detail += "\nlog: " + row.finished->log;
      set_text(outcome, text::printable(detail));
    }
    for (Suite* each : {&suite, &total_})
      ++(skipped ? each->skipped : failed ? each->failures : each->errors);
  }

  void add_output(pugi::xml_node test, const Row& row) {
    if (!row.finished || row.finished->log.empty()) return;
    const bool interesting = row.rtf_result == 1 && written_ < enough_output;
    const std::string output =
        excerpt(folder_ / row.finished->log, interesting ? failing_output : passing_output);
    if (output.empty()) return;
    written_ += output.size();
    set_text(test.append_child("system-out"), output);
  }

  void finish(pugi::xml_node node, const Suite& suite) {
    set(node, "tests", suite.tests);
    set(node, "failures", suite.failures);
    set(node, "errors", suite.errors);
    if (node != root_) set(node, "skipped", suite.skipped);
    set(node, "time", seconds(suite.elapsed));
  }

  const RunRecord& run_;
  const std::filesystem::path& folder_;
  pugi::xml_document document_;
  pugi::xml_node root_ = document_.append_child("testsuites");
  std::map<std::string, Suite> suites_;
  Suite total_;
  std::size_t written_ = 0;
};

}  // namespace

std::string junit_xml(const RunRecord& run, const std::filesystem::path& folder) {
  return Writer(run, folder).write();
}

}  // namespace rtfx::results
