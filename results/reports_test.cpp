// SPDX-License-Identifier: Apache-2.0
#include "results/reports.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "base/files.hpp"
#include "results/csv_line.hpp"
#include "results/excerpt.hpp"
#include "results/rows.hpp"
#include "results/summary.hpp"
#include "results/timestamp.hpp"

namespace rtfx::results {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

UnitRecord unit(const std::string& name, Result result, const std::string& reason = "",
                const std::string& log = "") {
  UnitRecord record;
  record.planned.unit = {"case", name, "arm64"};
  record.planned.summary = "what, it is";
  record.started = parse_time("2026-11-20T08:00:00.25Z");
  record.ended = parse_time("2026-11-20T08:00:01.5Z");
  UnitFinished finished;
  finished.unit = record.planned.unit;
  finished.result = result;
  finished.reason = reason;
  finished.elapsed = std::chrono::milliseconds(1250);
  finished.log = log;
  record.finished = finished;
  return record;
}

RunRecord run_of(std::vector<UnitRecord> units) {
  RunRecord run;
  run.start.run_id = "id";
  run.start.labels = {"a", "b"};
  run.begin = parse_time("2026-11-20T08:00:00Z");
  run.end = parse_time("2026-11-20T08:00:02Z");
  run.finished = true;
  run.units = std::move(units);
  return run;
}

/// Another parser than the one that wrote it decides whether it is XML.
void expect_valid_junit(const RunRecord& run, const std::filesystem::path& folder) {
  write_file_atomically(folder / "junit.xml", junit_xml(run, folder));
  const std::string schema =
      std::filesystem::path(__FILE__).parent_path().parent_path() / "tests" / "junit.xsd";
  const std::string command =
      "xmllint --noout --schema '" + schema + "' '" + (folder / "junit.xml").string() + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

TEST(Csv, quotes_what_has_to_be_quoted) {
  EXPECT_EQ(csv_line({"plain", "a,b", "say \"x\"", " blank", "two\nlines", ""}),
            "plain,\"a,b\",\"say \"\"x\"\"\",\" blank\",\"two\nlines\",\n");
  EXPECT_EQ(csv_line({std::string("\0\xff", 2)}), "\\x00\\xff\n");
}

TEST(Csv, tests_have_rtfs_columns_first) {
  const std::string csv =
      tests_csv(run_of({unit("top.t", Result::timeout, "timed out after 1 s", "top.t.log")}));
  EXPECT_THAT(csv, StartsWith("ID,Timestamp,Duration,Name,Result,Benchmark,Description,Issues,"));
  EXPECT_THAT(csv, EndsWith("\nid,2026-11-20T08:00:01Z,1.25,top.t,Fail,,\"what, it "
                            "is\",,arm64,timeout,timed out after 1 s,top.t.log,false,,1\n"));
}

TEST(Csv, the_summary_counts_what_has_no_result_as_failed) {
  UnitRecord missing;
  missing.planned.unit = {"case", "m", "arm64"};
  const std::string csv =
      summary_csv(run_of({unit("a", Result::pass), unit("b", Result::error, "x"), missing}));
  EXPECT_THAT(
      csv, HasSubstr("\nid,UNKNOWN,2026-11-20T08:00:00Z,2026-11-20T08:00:02Z,2,1,2,0,\"a, b\","));
}

TEST(Json, has_rtfs_keys_and_numbers) {
  UnitRecord missing;
  missing.planned.unit = {"case", "m", "arm64"};
  const auto json =
      nlohmann::json::parse(summary_json(run_of({unit("top.t", Result::cancel, "no"), missing})));
  EXPECT_EQ(json["id"], "id");
  EXPECT_EQ(json["results"][0]["name"], "top.t");
  EXPECT_EQ(json["results"][0]["result"], 3);
  EXPECT_EQ(json["results"][0]["duration"], 1250000000);
  EXPECT_EQ(json["results"][0]["start"], "2026-11-20T08:00:00.250000000Z");
  EXPECT_EQ(json["results"][0]["arch"], "arm64");
  EXPECT_EQ(json["results"][1]["result"], 1);
  EXPECT_EQ(json["results"][1]["status"], "missing");
  EXPECT_EQ(json["missing"], 1);
  EXPECT_EQ(json["cancelled"], 1);
}

TEST(Json, a_summary_can_be_read_back) {
  const TemporaryDirectory folder;
  write_file_atomically(folder.path() / "SUMMARY.json",
                        summary_json(run_of({unit("top.t", Result::timeout, "slow")})));
  const RunRecord run = read_summary(folder.path() / "SUMMARY.json");
  ASSERT_EQ(run.units.size(), 1u);
  EXPECT_EQ(run.units[0].finished->result, Result::timeout);
  EXPECT_EQ(run.units[0].finished->elapsed, std::chrono::milliseconds(1250));
}

TEST(JUnit, is_valid_for_every_way_to_end) {
  const TemporaryDirectory folder;
  UnitRecord missing;
  missing.planned.unit = {"case", "top.g.m", "arm64"};
  std::vector<UnitRecord> units{missing};
  for (const Result result :
       {Result::pass, Result::fail, Result::error, Result::timeout, Result::skip, Result::cancel}) {
    units.push_back(
        unit("top.g." + result_name(result), result, result == Result::pass ? "" : "because"));
  }
  const RunRecord run = run_of(units);
  expect_valid_junit(run, folder.path());
  const std::string xml = junit_xml(run, folder.path());
  EXPECT_THAT(xml, HasSubstr(R"(<testsuite name="arm64.top.g")"));
  EXPECT_THAT(xml, HasSubstr(R"(tests="7" failures="2" errors="2" skipped="2")"));
  EXPECT_THAT(xml, HasSubstr(R"(<error message="no result: it was not run" type="missing">)"));
}

TEST(JUnit, a_run_without_units_is_valid) {
  const TemporaryDirectory folder;
  expect_valid_junit(run_of({}), folder.path());
}

TEST(JUnit, iterations_stay_in_the_suite_of_their_case) {
  const TemporaryDirectory folder;
  const std::string xml = junit_xml(
      run_of({unit("top.g.t.1", Result::pass), unit("single", Result::pass)}), folder.path());
  EXPECT_THAT(xml, HasSubstr(R"(classname="arm64.top.g" name="t.1")"));
  EXPECT_THAT(xml, HasSubstr(R"(classname="arm64.case" name="single")"));
}

TEST(JUnit, a_script_of_a_group_is_a_test_of_the_group) {
  const TemporaryDirectory folder;
  std::vector<UnitRecord> units{unit("top.g.6.12::init", Result::fail, "x"),
                                unit("top.g.6.12.t", Result::error, "x"),
                                unit("top::deinit", Result::fail, "x")};
  units[0].planned.unit.kind = units[2].planned.unit.kind = "group";
  const std::string xml = junit_xml(run_of(units), folder.path());
  EXPECT_THAT(xml, HasSubstr(R"(classname="arm64.top.g.6.12" name="group.sh init")"));
  EXPECT_THAT(xml, HasSubstr(R"(classname="arm64.top.g.6.12" name="t")"));
  EXPECT_THAT(xml, HasSubstr(R"(classname="arm64.top" name="group.sh deinit")"));
}

TEST(JUnit, names_are_unique_whatever_the_units_are_called) {
  const TemporaryDirectory folder;
  auto group = unit("top.a", Result::fail, "x");
  group.planned.unit.kind = "group";
  const RunRecord run = run_of({unit("top.a", Result::pass), group, unit("top.a", Result::pass)});
  expect_valid_junit(run, folder.path());
}

/// Bytes that are likely to break something, in random order.
std::string hostile_bytes(std::mt19937& random, std::size_t pieces) {
  static const std::vector<std::string> parts{"]]>",
                                              "<a b=\"",
                                              "&",
                                              "&#1;",
                                              "\x1b[0m",
                                              std::string(1, '\0'),
                                              "\xff",
                                              "\xed\xa0\x80",
                                              "\xf0\x9f\x98",
                                              "\xef\xbf\xbf",
                                              "\r\n",
                                              "\t",
                                              "x",
                                              "é",
                                              "\xc2\x80",
                                              "<!--",
                                              "-->",
                                              "<?xml",
                                              "'",
                                              "\x7f",
                                              " ",
                                              "\n"};
  std::string bytes;
  for (std::size_t i = 0; i < pieces; ++i) {
    bytes += random() % 4 == 0 ? std::string(1, static_cast<char>(random() & 0xFF))
                               : parts[random() % parts.size()];
  }
  return bytes;
}

TEST(JUnit, survives_hostile_names_reasons_and_output) {
  std::mt19937 random(20261120);
  const TemporaryDirectory folder;
  std::vector<UnitRecord> units;
  for (int i = 0; i < 300; ++i) {
    const std::string log = std::to_string(i) + ".log";
    std::ofstream(folder.path() / log, std::ios::binary) << hostile_bytes(random, random() % 5000);
    units.push_back(unit(hostile_bytes(random, 1 + random() % 8), static_cast<Result>(random() % 6),
                         hostile_bytes(random, 5), log));
    units.back().planned.unit.arch = hostile_bytes(random, 1);
  }
  const RunRecord run = run_of(units);
  expect_valid_junit(run, folder.path());
  EXPECT_TRUE(nlohmann::json::accept(summary_json(run)));
}

TEST(JUnit, much_output_is_cut_to_head_and_tail) {
  const TemporaryDirectory folder;
  {
    std::ofstream log(folder.path() / "big.log");
    for (int i = 0; i < 400'000; ++i) log << "line " << i << " of many lines\n";
  }
  const RunRecord run = run_of({unit("top.t", Result::fail, "x", "big.log")});
  const std::string xml = junit_xml(run, folder.path());
  EXPECT_LT(xml.size(), 200'000u);
  EXPECT_THAT(xml, HasSubstr("line 0 of"));
  EXPECT_THAT(xml, HasSubstr("line 399999 of"));
  EXPECT_THAT(xml, HasSubstr("bytes are left out"));
  expect_valid_junit(run, folder.path());
}

UnitRetried attempt(int number, Result result, const std::string& log) {
  UnitRetried retried;
  retried.attempt = number;
  retried.result = result;
  retried.reason = "exit 7";
  retried.elapsed = std::chrono::milliseconds(500);
  retried.log = log;
  return retried;
}

TEST(JUnit, a_flaky_pass_has_no_failure_but_its_attempts) {
  const TemporaryDirectory folder;
  write_file_atomically(folder.path() / "1.log", "first <out>");
  write_file_atomically(folder.path() / "t.log", "last out");
  auto flaky = unit("top.t", Result::pass, "", "t.log");
  flaky.retried = {attempt(1, Result::error, "1.log"), attempt(2, Result::timeout, "gone.log")};
  const RunRecord run = run_of({flaky});
  expect_valid_junit(run, folder.path());
  const std::string xml = junit_xml(run, folder.path());
  EXPECT_THAT(xml, HasSubstr(R"(tests="1" failures="0" errors="0" skipped="0")"));
  EXPECT_THAT(xml, HasSubstr("<flakyFailure message=\"attempt 1: exit 7\" type=\"error\">"
                             "<stackTrace>exit 7\nlog: 1.log</stackTrace>"
                             "<system-out>first &lt;out&gt;</system-out></flakyFailure>"
                             "<flakyFailure message=\"attempt 2: exit 7\" type=\"timeout\">"));
  EXPECT_THAT(xml, HasSubstr("<system-out>[flaky: passed at attempt 3]\nlast out</system-out>"));
  EXPECT_THAT(xml, Not(HasSubstr("<failure")));
}

TEST(JUnit, a_test_that_failed_every_attempt_has_a_failure_and_its_reruns) {
  const TemporaryDirectory folder;
  auto failed = unit("top.t", Result::fail, "exit 1");
  failed.retried = {attempt(1, Result::fail, "")};
  const RunRecord run = run_of({failed});
  expect_valid_junit(run, folder.path());
  EXPECT_THAT(junit_xml(run, folder.path()),
              HasSubstr("<failure message=\"exit 1\" type=\"fail\">exit 1</failure>"
                        "<rerunFailure message=\"attempt 1: exit 7\" type=\"fail\">"));
}

TEST(JUnit, shows_the_file_the_machine_and_what_was_not_run_again) {
  const TemporaryDirectory folder;
  auto cached = unit("top.t", Result::pass);
  cached.planned.file = "cases/top/t/test.sh";
  cached.finished->reused_from = "earlier";
  RunRecord run = run_of({cached});
  run.start.hostname = "builder-7";
  expect_valid_junit(run, folder.path());
  const std::string xml = junit_xml(run, folder.path());
  EXPECT_THAT(xml, HasSubstr("file=\"cases/top/t/test.sh\""));
  EXPECT_THAT(xml, HasSubstr("hostname=\"builder-7\""));
  EXPECT_THAT(xml, HasSubstr("<system-out>[cached: the result of run earlier; it was not run"));
}

TEST(JUnit, the_text_of_a_failure_ends_with_the_last_lines_of_its_output) {
  const TemporaryDirectory folder;
  {
    std::ofstream log(folder.path() / "t.log");
    for (int i = 0; i < 1000; ++i) log << "line " << i << "\n";
  }
  const std::string xml =
      junit_xml(run_of({unit("top.t", Result::fail, "exit 1", "t.log")}), folder.path());
  const auto text = xml.substr(xml.find("<failure"), xml.find("</failure>") - xml.find("<failure"));
  EXPECT_THAT(text, HasSubstr(">exit 1\nlog: t.log\n\nline "));
  EXPECT_THAT(text, EndsWith("line 999\n"));
  EXPECT_LT(text.size(), 2200u);
}

TEST(JUnit, a_long_reason_is_cut_between_characters) {
  std::string reason;
  for (int i = 0; i < 5000; ++i) reason += "ä";
  const TemporaryDirectory folder;
  const RunRecord run = run_of({unit("top.t", Result::fail, reason)});
  expect_valid_junit(run, folder.path());
  const std::string xml = junit_xml(run, folder.path());
  EXPECT_LT(xml.size(), 6000u);
  EXPECT_THAT(xml, HasSubstr("ä...\""));
  EXPECT_THAT(xml, Not(HasSubstr("\\x")));
}

std::size_t elements_of(const std::string& xml) {
  std::size_t elements = 0;
  for (auto at = xml.find('<'); at != std::string::npos; at = xml.find('<', at + 1))
    elements += xml[at + 1] != '/' && xml[at + 1] != '?' ? 1u : 0u;
  return elements;
}

TEST(JUnit, of_a_hundred_thousand_results_stays_within_what_gitlab_reads) {
  const TemporaryDirectory folder;
  write_file_atomically(folder.path() / "t.log", std::string(5000, '&') + "\n");
  for (const Result result : {Result::pass, Result::fail}) {
    std::vector<UnitRecord> units;
    for (int i = 0; i < 100'000; ++i)
      units.push_back(unit("top.group.case_with_some_name_" + std::to_string(i), result,
                           std::string(500, '<'), i % 50 == 0 ? "t.log" : ""));
    const std::string xml = junit_xml(run_of(std::move(units)), folder.path());
    EXPECT_LT(xml.size(), 30u << 20);
    EXPECT_LT(elements_of(xml), 250'000u);
    EXPECT_NE(xml.find("&amp;&amp;"), std::string::npos);
    EXPECT_NE(xml.find("case_with_some_name_99999"), std::string::npos);
  }
}

TEST(JUnit, a_log_outside_of_the_folder_is_not_read) {
  const TemporaryDirectory folder;
  const auto inner = folder.path() / "run";
  write_file_atomically(folder.path() / "secret", "secret text");
  std::filesystem::create_directory(inner);
  for (const std::string& log : {std::string("../secret"), (folder.path() / "secret").string()}) {
    const RunRecord run = run_of({unit("top.t", Result::fail, "x", log)});
    EXPECT_THAT(junit_xml(run, inner), Not(HasSubstr("secret text")));
    EXPECT_THAT(tests_log(run, inner), Not(HasSubstr("secret text")));
  }
}

TEST(JUnit, a_log_that_is_gone_is_told) {
  const TemporaryDirectory folder;
  const RunRecord run = run_of({unit("top.t", Result::fail, "x", "gone.log")});
  EXPECT_THAT(junit_xml(run, folder.path()), HasSubstr("the log cannot be read"));
  expect_valid_junit(run, folder.path());
}

TEST(TestsLog, has_every_log_whole_between_its_header_and_its_result) {
  const TemporaryDirectory folder;
  const std::string bytes("binary\0\xff", 8);
  write_file_atomically(folder.path() / "t.log", bytes);
  EXPECT_EQ(tests_log(run_of({unit("top.t", Result::fail, "exit 1", "t.log")}), folder.path()),
            "==== case top.t (arm64) 2026-11-20T08:00:00.250000000Z\n" + bytes +
                "\n==== fail after 1.25s: exit 1\n\n");
}

TEST(TestsLog, has_the_log_of_every_attempt) {
  const TemporaryDirectory folder;
  write_file_atomically(folder.path() / "t.1.log", "first\n");
  write_file_atomically(folder.path() / "t.log", "second\n");
  auto flaky = unit("top.t", Result::pass, "", "t.log");
  flaky.retried = {attempt(1, Result::fail, "t.1.log")};
  EXPECT_EQ(tests_log(run_of({flaky}), folder.path()),
            "==== case top.t (arm64) 2026-11-20T08:00:00.250000000Z\n"
            "first\n---- attempt 1: fail after 0.50s: exit 7\n"
            "second\n==== pass after 1.25s [flaky: passed at attempt 2]\n\n");
}

TEST(Csv, counts_attempts_and_flaky_passes) {
  auto flaky = unit("top.t", Result::pass);
  flaky.retried = {attempt(1, Result::fail, "")};
  const RunRecord run = run_of({flaky, unit("top.u", Result::pass)});
  EXPECT_THAT(tests_csv(run), HasSubstr(",,2\n"));
  EXPECT_THAT(summary_csv(run), EndsWith(",true,1\n"));
}

TEST(Json, shows_earlier_attempts) {
  const TemporaryDirectory folder;
  auto flaky = unit("top.t", Result::pass);
  flaky.retried = {attempt(1, Result::timeout, "t.1.log")};
  const std::string text = summary_json(run_of({flaky}));
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["flaky"], 1);
  EXPECT_EQ(json["passed"], 1);
  EXPECT_EQ(json["results"][0]["flaky"], true);
  EXPECT_EQ(json["results"][0]["attempts"].dump(),
            R"([{"duration":500000000,"log":"t.1.log","reason":"exit 7","status":"timeout"}])");
  write_file_atomically(folder.path() / "SUMMARY.json", text);
  EXPECT_TRUE(read_summary(folder.path() / "SUMMARY.json").units[0].flaky());
}

TEST(Excerpt, shows_short_files_whole) {
  const TemporaryDirectory folder;
  write_file_atomically(folder.path() / "a", "0123456789");
  EXPECT_EQ(excerpt(folder.path() / "a", 5), "0123456789");
  EXPECT_THAT(excerpt(folder.path() / "a", 4), Not(HasSubstr("0123456789")));
}

TEST(Seconds, have_no_exponent) {
  EXPECT_EQ(format_seconds(std::chrono::nanoseconds(10'000)), "0.00001");
  EXPECT_EQ(format_seconds(std::chrono::seconds(3600)), "3600");
}

}  // namespace
}  // namespace rtfx::results
