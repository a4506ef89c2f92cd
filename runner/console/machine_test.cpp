// SPDX-License-Identifier: Apache-2.0
#include "runner/console/machine.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "results/event_log.hpp"
#include "runner/console/test_terminal.hpp"

namespace rtfx::console {
namespace {

using results::Event;
using results::Result;
using results::UnitId;

Event planned(const std::string& name, const std::string& kind = "case") {
  results::UnitPlanned unit;
  unit.unit = {kind, name, "amd64"};
  return {unit};
}

Event finished(const std::string& name, Result result, const std::string& reason = "",
               const std::string& kind = "case") {
  results::UnitFinished unit;
  unit.unit = {kind, name, "amd64"};
  unit.result = result;
  unit.reason = reason;
  return {unit};
}

TEST(Tap, a_point_per_case_as_it_ends) {
  const TestFile out;
  TapReporter tap(out.fd);
  tap.run_started({});
  tap.event({results::RunStarted{}});
  for (const char* name : {"a", "b", "c"}) tap.event(planned(name));
  tap.event(planned("top.init", "group"));
  EXPECT_EQ(out.text(), "");
  tap.event(finished("b", Result::skip, "needs label slow"));
  tap.event(finished("top.init", Result::fail, "exit 1", "group"));
  tap.event(finished("a", Result::pass));
  EXPECT_EQ(out.text(), R"(TAP version 14
1..3
ok 1 - b (amd64) # SKIP needs label slow
  ---
  status: skip
  reason: "needs label slow"
  duration_ms: 0
  ...
# fail top.init: exit 1
ok 2 - a (amd64)
)");
  const auto before = out.text().size();
  tap.event(
      {results::UnitRetried{{"case", "c", "amd64"}, 1, Result::fail, "exit 1", {}, false, ""}});
  tap.event(finished("c", Result::pass));
  tap.event({results::RunFinished{}});
  EXPECT_EQ(out.text().substr(before), R"(ok 3 - c (amd64)
  ---
  status: pass
  duration_ms: 0
  flaky: true
  attempts:
    - status: fail
      reason: "exit 1"
      duration_ms: 0
  ...
)");
}

TEST(Tap, a_run_that_does_not_come_to_its_end_bails_out) {
  const TestFile out;
  TapReporter tap(out.fd);
  tap.event(planned("a"));
  tap.event({results::RunFinished{false, "interrupted"}});
  EXPECT_EQ(out.text(), "TAP version 14\n1..1\nBail out! interrupted\n");
}

TEST(Tap, a_run_of_nothing_has_a_plan) {
  const TestFile out;
  TapReporter tap(out.fd);
  tap.event({results::RunFinished{}});
  EXPECT_EQ(out.text(), "TAP version 14\n1..0 # SKIP no tests\n");
}

TEST(Json, each_event_is_a_line_that_can_be_read_back) {
  const TestFile out;
  JsonReporter json(out.fd);
  json.run_started({});
  json.event(planned("a"));
  json.output({"case", "a", "amd64"}, process::Stream::out, "not an event\n");
  json.event(finished("a", Result::fail, "odd \n reason"));
  std::vector<Event> events;
  const std::string text = out.text();
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    events.push_back(results::parse_event(text.substr(at, text.find('\n', at) - at)));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(std::get<results::UnitPlanned>(events[0].what).unit.name, "a");
  EXPECT_EQ(std::get<results::UnitFinished>(events[1].what).reason, "odd \n reason");
}

TEST(Reporters, all_are_told) {
  const TestFile one, two;
  JsonReporter first(one.fd), second(two.fd);
  Reporters all;
  all.add(first);
  all.add(second);
  all.run_started({});
  all.event(planned("a"));
  EXPECT_NE(one.text(), "");
  EXPECT_EQ(one.text(), two.text());
}

}  // namespace
}  // namespace rtfx::console
