// SPDX-License-Identifier: Apache-2.0
#include "results/tap.hpp"

#include <gmock/gmock.h>

namespace rtfx::results {
namespace {

UnitRecord unit(const std::string& name, Result result, const std::string& reason = "") {
  UnitRecord record;
  record.planned.unit = {"case", name, "arm64"};
  UnitFinished finished;
  finished.unit = record.planned.unit;
  finished.result = result;
  finished.reason = reason;
  finished.elapsed = std::chrono::microseconds(1250'700);
  record.finished = finished;
  return record;
}

TEST(Tap, starts_with_its_version_and_the_plan) {
  EXPECT_EQ(tap_header(3), "TAP version 14\n1..3\n");
  EXPECT_EQ(tap_header(0), "TAP version 14\n1..0 # SKIP no tests\n");
}

TEST(Tap, a_plain_pass_is_one_line) {
  EXPECT_EQ(tap_line(1, unit("top.t", Result::pass)), "ok 1 - top.t (arm64)\n");
}

TEST(Tap, a_failure_says_why) {
  auto record = unit("top.t", Result::timeout, "timed out \"after\" 1 s");
  record.finished->log = "top.t.log";
  EXPECT_EQ(tap_line(2, record),
            "not ok 2 - top.t (arm64)\n"
            "  ---\n"
            "  status: timeout\n"
            "  reason: \"timed out \\\"after\\\" 1 s\"\n"
            "  duration_ms: 1250\n"
            "  log: \"top.t.log\"\n"
            "  ...\n");
}

TEST(Tap, a_flaky_pass_shows_its_attempts) {
  auto record = unit("top.t", Result::pass);
  UnitRetried attempt;
  attempt.reason = "exit 1";
  attempt.elapsed = std::chrono::milliseconds(7);
  attempt.log = "top.t.1.log";
  record.retried = {attempt};
  EXPECT_EQ(tap_line(3, record),
            "ok 3 - top.t (arm64)\n"
            "  ---\n"
            "  status: pass\n"
            "  duration_ms: 1250\n"
            "  flaky: true\n"
            "  attempts:\n"
            "    - status: fail\n"
            "      reason: \"exit 1\"\n"
            "      duration_ms: 7\n"
            "      log: \"top.t.1.log\"\n"
            "  ...\n");
}

TEST(Tap, what_could_not_be_decided_is_skipped) {
  EXPECT_THAT(tap_line(1, unit("t", Result::skip, "no label\nslow")),
              testing::StartsWith("ok 1 - t (arm64) # SKIP no label slow\n"));
  EXPECT_THAT(tap_line(1, unit("t", Result::cancel, "no network")),
              testing::StartsWith("ok 1 - t (arm64) # SKIP cancelled: no network\n"));
}

TEST(Tap, what_was_not_decided_because_the_run_stopped_is_not_ok) {
  auto interrupted = unit("t", Result::cancel, "interrupted");
  interrupted.finished->interrupted = true;
  EXPECT_THAT(tap_line(1, interrupted), testing::StartsWith("not ok 1 - t (arm64)\n"));
  UnitRecord missing;
  missing.planned.unit = {"case", "t", ""};
  EXPECT_EQ(tap_line(1, missing), "not ok 1 - t\n  ---\n  status: missing\n  ...\n");
  EXPECT_EQ(tap_line(1, unit("t", Result::error)).substr(0, 6), "not ok");
  EXPECT_EQ(tap_bail_out("interrupted\n"), "Bail out! interrupted \n");
}

TEST(Tap, no_name_and_no_reason_can_break_a_line) {
  const auto record =
      unit("a # SKIP b\\c\nnot ok 9", Result::fail, std::string("\xff\n  ...\0", 8));
  EXPECT_EQ(tap_line(1, record),
            "not ok 1 - a \\# SKIP b\\\\c not ok 9 (arm64)\n"
            "  ---\n"
            "  status: fail\n"
            "  reason: \"\\\\xff\\n  ...\\\\x00\"\n"
            "  duration_ms: 1250\n"
            "  ...\n");
}

}  // namespace
}  // namespace rtfx::results
