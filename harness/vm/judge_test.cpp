// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/judge.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"

namespace rtfx::vm {
namespace {

using process::Ending;
using process::Outcome;
using testing::HasSubstr;
using Strings = std::vector<std::string>;

ConsoleJudge judged(const Strings& expect, const Strings& reject, const Strings& lines) {
  ConsoleJudge judge(expect, reject);
  for (const auto& line : lines) judge.line(line);
  return judge;
}

TEST(ConsoleJudge, takes_expects_in_their_order) {
  EXPECT_TRUE(judged({"one", "two"}, {}, {"one", "x", "two"}).all_seen());
  EXPECT_TRUE(judged({"one", "two"}, {}, {"one two"}).all_seen())
      << "in one line, one after the other";
  EXPECT_EQ(judged({"one", "two"}, {}, {"two one"}).awaited(), "expect 2 of 2, \"two\"");
  EXPECT_EQ(judged({"a", "a"}, {}, {"a"}).awaited(), "expect 2 of 2, \"a\"")
      << "a match counts once";
  EXPECT_TRUE(judged({"a", "a"}, {}, {"a a"}).all_seen());
  EXPECT_EQ(judged({"a", "^b"}, {}, {"ab"}).awaited(), "expect 2 of 2, \"^b\"")
      << "^ is the start of the line";
  EXPECT_TRUE(judged({"^[a-z]+ \\d{2}$"}, {}, {"abc 123", "abc 12"}).all_seen());
  EXPECT_EQ(judged({"Wel+come"}, {}, {" Welcome\t"}).seen(), "saw \"Welcome\"");
}

TEST(ConsoleJudge, matches_a_prompt_once_and_not_again_when_the_line_goes_on) {
  ConsoleJudge judge({"login: $", "login"}, {});
  judge.unfinished("host login: ");
  EXPECT_EQ(judge.awaited(), "expect 2 of 2, \"login\"");
  judge.unfinished("host login: ");
  judge.line("host login: root");
  EXPECT_FALSE(judge.all_seen());
  judge.line("last login");
  EXPECT_TRUE(judge.all_seen());
}

TEST(ConsoleJudge, a_reject_wins_over_everything) {
  const auto judge = judged({"x"}, {"BUG:"}, {"x BUG: y \x01", "Kernel panic - not syncing: z"});
  ASSERT_TRUE(judge.failure());
  EXPECT_EQ(judge.failure()->ending, BootEnding::rejected);
  EXPECT_EQ(judge.failure()->message, "\"BUG:\" matched: x BUG: y \\x01");
  EXPECT_FALSE(judge.all_seen());
}

TEST(ConsoleJudge, knows_the_lines_after_which_nothing_works) {
  struct {
    const char *line, *message;
  } const cases[] = {
      {"[    0.5] Kernel panic - not syncing: VFS: Unable to mount root fs",
       "[    0.5] Kernel panic - not syncing: VFS: Unable to mount root fs"},
      {"PANIC: early exception 0x0e IP 10:ffffffff",
       "kernel panic before the console: PANIC: early exception 0x0e IP 10:ffffffff"},
      {" -- System halted", "the kernel could not unpack itself:  -- System halted"},
      {"sbi_trap_error: hart0: trap handler failed",
       "the firmware failed: sbi_trap_error: hart0: trap handler failed"},
  };
  for (const auto& [line, message] : cases) {
    const auto judge = judged({}, {}, {line});
    EXPECT_TRUE(judge.panicking()) << line;
    EXPECT_EQ(judge.panic().message, message);
    EXPECT_EQ(judge.panic().ending, BootEnding::panicked);
  }
  EXPECT_FALSE(judged({}, {}, {"reboot: System halted", "panic=-1", "don't panic"}).panicking());
}

TEST(ConsoleJudge, gathers_the_report_of_a_panic_but_not_for_ever) {
  EXPECT_FALSE(judged({}, {}, {"Kernel panic - not syncing: x", "CPU: 0"}).failure());
  EXPECT_TRUE(judged({}, {},
                     {"Kernel panic - not syncing: x", "CPU: 0",
                      "---[ end Kernel panic - not syncing: x ]---"})
                  .failure());
  Strings lines = {"Kernel panic - not syncing: x"};
  lines.resize(1 + ConsoleJudge::lines_after_panic, "Call Trace:");
  EXPECT_TRUE(judged({"Call"}, {}, lines).failure());
  EXPECT_FALSE(judged({"Call"}, {}, lines).all_seen()) << "nothing counts after a panic";
}

TEST(ConsoleJudge, keeps_the_last_lines_fit_to_print) {
  Strings lines(30, "x");
  lines.back() = "\xff";
  const auto last = judged({}, {}, lines).last_lines();
  EXPECT_EQ(last.size(), ConsoleJudge::kept_lines);
  EXPECT_EQ(last.back(), "\\xff");
}

TEST(ConsoleJudge, refuses_bad_regexes) {
  const auto message = [](const Strings& expect, const Strings& reject) -> std::string {
    try {
      ConsoleJudge(expect, reject);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(message({"ok", "(x"}, {}), HasSubstr("bad regex for expect: \"(x\": "));
  EXPECT_THAT(message({}, {"*"}),
              HasSubstr("bad regex for reject: \"*\": there is nothing to repeat at its start"));
  EXPECT_THAT(message({""}, {}), HasSubstr("empty regex for expect"));
}

TEST(ConsoleJudge, survives_the_longest_line_with_a_greedy_regex) {
  EXPECT_TRUE(judged({"^(.|x)*y$"}, {}, {std::string(4095, 'x') + "y"}).all_seen());
}

Outcome exited(int code) { return {.ending = Ending::exited, .exit_code = code}; }
Outcome ended(Ending ending) { return {.ending = ending}; }

TEST(JudgeEnd, tells_the_endings_apart) {
  const Strings nothing;
  const Strings panic = {"Kernel panic - not syncing: x"};
  struct {
    const char* what;
    Strings expect, lines;
    GuestEnd end;
    BootEnding ending;
    bool ok;
    const char* message;
  } const cases[] = {
      {"power-off, nothing expected",
       nothing,
       {"bye"},
       {.qemu = exited(0), .shutdown_reason = "guest-shutdown"},
       BootEnding::powered_off,
       true,
       "the guest powered off"},
      {"power-off too early",
       {"hi"},
       {"bye"},
       {.qemu = exited(0), .shutdown_reason = "guest-shutdown"},
       BootEnding::early_exit,
       false,
       "the guest powered off before expect 1 of 1, \"hi\""},
      {"power-off before the probe",
       nothing,
       {},
       {.qemu = exited(0),
        .shutdown_reason = "guest-shutdown",
        .probing = true,
        .probe_result = "exit 1: refused"},
       BootEnding::early_exit,
       false,
       "the guest powered off before the probe succeeded: exit 1: refused"},
      {"reset, as a panic with panic=-1 ends",
       nothing,
       {},
       {.qemu = exited(0), .shutdown_reason = "guest-reset"},
       BootEnding::early_exit,
       false,
       "the guest reset itself"},
      {"panic, then reset",
       nothing,
       panic,
       {.qemu = exited(0), .shutdown_reason = "guest-reset"},
       BootEnding::panicked,
       false,
       "Kernel panic - not syncing: x"},
      {"panic told by a device",
       nothing,
       {},
       {.qemu = exited(0), .shutdown_reason = "guest-panic", .guest_panicked = true},
       BootEnding::panicked,
       false,
       "the guest reported a panic to qemu"},
      {"qemu refuses",
       {"hi"},
       {},
       {.qemu = exited(1), .qemu_error = "qemu: bad machine"},
       BootEnding::early_exit,
       false,
       "qemu failed (exit 1): qemu: bad machine"},
      {"qemu crashes",
       nothing,
       {},
       {.qemu = {.ending = Ending::signalled, .signal = 11}},
       BootEnding::early_exit,
       false,
       "qemu failed (killed by signal 11 (SIGSEGV))"},
      {"somebody ends qemu",
       nothing,
       {},
       {.qemu = exited(0), .shutdown_reason = "host-signal"},
       BootEnding::early_exit,
       false,
       "qemu was ended from outside (host-signal)"},
      {"no reason known is no success",
       nothing,
       {},
       {.qemu = exited(0)},
       BootEnding::early_exit,
       false,
       "qemu ended without telling why"},
      {"power-off of a machine that ends qemu on the spot",
       nothing,
       {"bye", "[    9.338408] reboot: Power down"},
       {.qemu = exited(0)},
       BootEnding::powered_off,
       true,
       "the guest powered off"},
      {"qemu ends long after a word of power-off",
       nothing,
       {"[    9.338408] reboot: Power down", "bye"},
       {.qemu = exited(0)},
       BootEnding::early_exit,
       false,
       "qemu ended without telling why"},
      {"time limit",
       {"a", "b"},
       {"a"},
       {.qemu = ended(Ending::timed_out)},
       BootEnding::timed_out,
       false,
       "the time limit was reached, waiting for expect 2 of 2, \"b\""},
      {"time limit, nothing expected",
       nothing,
       {},
       {.qemu = ended(Ending::timed_out)},
       BootEnding::timed_out,
       false,
       "the time limit was reached"},
      {"time limit while probing",
       {"a"},
       {"a"},
       {.qemu = ended(Ending::timed_out), .probing = true, .probe_result = "exit 7"},
       BootEnding::probe_failed,
       false,
       "no success within the time limit; last: exit 7"},
      {"time limit before probing",
       {"a"},
       {},
       {.qemu = ended(Ending::timed_out), .probing = true},
       BootEnding::timed_out,
       false,
       "the time limit was reached, waiting for expect 1 of 1, \"a\""},
      {"interrupted",
       {"a"},
       {},
       {.qemu = ended(Ending::cancelled)},
       BootEnding::cancelled,
       false,
       "interrupted, waiting for expect 1 of 1, \"a\""},
      {"panic, then the time limit",
       {"a"},
       panic,
       {.qemu = ended(Ending::timed_out)},
       BootEnding::panicked,
       false,
       "Kernel panic - not syncing: x"},
  };
  for (const auto& test : cases) {
    const auto verdict = judge_end(judged(test.expect, {}, test.lines), test.end);
    EXPECT_EQ(boot_ending_name(verdict.ending), boot_ending_name(test.ending)) << test.what;
    EXPECT_EQ(verdict.ok, test.ok) << test.what;
    EXPECT_EQ(verdict.message, test.message) << test.what;
  }
}

}  // namespace
}  // namespace rtfx::vm
