// SPDX-License-Identifier: Apache-2.0
#include "base/ktap.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"

namespace rtfx {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// "result name (detail)" of each.
std::vector<std::string> told(const std::string& console) {
  Ktap ktap;
  for (const std::string& line : text::split(console, '\n')) ktap.line(line);
  std::vector<std::string> all;
  for (const KtapTest& test : ktap.tests()) {
    all.push_back(ktap_result_name(test.result) + " " + test.name +
                  (test.detail.empty() ? "" : " (" + test.detail + ")"));
  }
  return all;
}

TEST(Ktap, reads_flat_results_between_other_lines) {
  EXPECT_THAT(told("booting\nok 1 too early\nKTAP version 1\n1..5\nnoise\nok 1 one\nok 2 - two\n"
                   "not ok 3 three\nok 4 four # SKIP no device\nnot ok 5 # TODO later\nok 6 after "
                   "the plan\n"),
              ElementsAre("pass one", "pass two", "fail three", "skip four (SKIP no device)",
                          "skip 5 (TODO later)"));
}

TEST(Ktap, knows_the_directives) {
  EXPECT_THAT(told("TAP version 13\nok 1 a # TIMEOUT 45 seconds\nnot ok 2 b # XFAIL known\nok 3 c "
                   "# ERROR\n"),
              ElementsAre("fail a (TIMEOUT 45 seconds)", "pass b (XFAIL known)", "fail c (ERROR)"));
}

TEST(Ktap, reads_what_kunit_prints) {
  EXPECT_THAT(
      told("[    0.430121] KTAP version 1\n"
           "[    0.430200] 1..2\n"
           "[    0.430300]     KTAP version 1\n"
           "[    0.430400]     # Subtest: list\n"
           "[    0.430500]     # module: list_test\n"
           "[    0.430600]     1..2\n"
           "[    0.430700]     ok 1 init\n"
           "[    0.430800][    T1]     ok 2 add\n"
           "[    0.430900] # list: pass:2 fail:0 skip:0 total:2\n"
           "[    0.431000] ok 1 list\n"
           "[    0.431100]     KTAP version 1\n"
           "[    0.431200]     # Subtest: time\n"
           "[    0.431300]     1..1\n"
           "[    0.431400]         KTAP version 1\n"
           "[    0.431500]         # Subtest: ranges\n"
           "[    0.431600]         ok 1 low\n"
           "[    0.431700]         # ranges: EXPECTATION FAILED at lib/time_test.c:9\n"
           "[    0.431800]         not ok 2 high\n"
           "[    0.431900]     not ok 1 ranges\n"
           "[    0.432000] not ok 2 time\n"),
      ElementsAre("pass list.init", "pass list.add", "pass time.ranges.low",
                  "fail time.ranges.high (ranges: EXPECTATION FAILED at lib/time_test.c:9)"));
}

TEST(Ktap, an_outer_failure_counts_when_nothing_in_it_failed) {
  EXPECT_THAT(told("KTAP version 1\n1..1\n  KTAP version 1\n  1..1\n  ok 1 a\nnot ok 1 suite\n"),
              ElementsAre("pass suite.a", "fail suite"));
}

TEST(Ktap, tells_what_is_missing) {
  EXPECT_THAT(told("KTAP version 1\n1..3\nok 1 a\n"),
              ElementsAre("pass a", "missing 2..3 (1 of 3 results were told)"));
  EXPECT_THAT(told("KTAP version 1\n1..1\n    # Subtest: s\n    1..2\n    ok 1 a\n"),
              ElementsAre("missing 1..1 (0 of 1 results were told)", "pass s.a",
                          "missing s.2..2 (1 of 2 results were told)"));
  EXPECT_THAT(told("KTAP version 1\n1..1\n  KTAP version 1\n  1..2\n  ok 1 a\nok 1 s\n"),
              ElementsAre("pass s.a", "missing s.2..2 (1 of 2 results were told)"));
  EXPECT_THAT(told("KTAP version 1\n1..2\nok 1 a\nKTAP version 1\n1..1\nok 1 b\n"),
              ElementsAre("pass a", "missing 2..2 (1 of 2 results were told)", "pass b"))
      << "a second document ends the first";
}

TEST(Ktap, takes_any_bytes) {
  EXPECT_THAT(told("ok 1 a\nnot ok 2 b\n1..2\n# x\n"), IsEmpty()) << "no document";
  EXPECT_THAT(
      told("KTAP version 1\n1..x\nok\nok x\nok 1x y\nnot ok\nok 99999999999999999999 z\n  1..2"),
      ElementsAre("missing 1..2 (0 of 2 results were told)"));
  EXPECT_THAT(told("KTAP version 1\nok 1 a\x01\xff\n"), ElementsAre("pass a\\x01\\xff"));
  EXPECT_THAT(told("KTAP version 1\n        ok 1 deep\n    ok 1 middle\nok 1 top\n"),
              ElementsAre("pass top.middle.deep"));
}

TEST(Ktap, is_bounded_but_does_not_lose_a_failure) {
  Ktap ktap;
  ktap.line("KTAP version 1");
  for (std::size_t i = 0; i < Ktap::most_tests + 10; ++i) ktap.line("ok 1 a");
  ktap.line("not ok 2 b");
  const auto tests = ktap.tests();
  EXPECT_EQ(tests.size(), Ktap::most_tests + 1);
  EXPECT_EQ(tests.back().result, KtapTest::Result::fail);
}

}  // namespace
}  // namespace rtfx
