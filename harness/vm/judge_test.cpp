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
  ConsoleJudge judge({.expect = expect, .reject = reject});
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
  ConsoleJudge judge({.expect = {"login: $", "login"}});
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
    EXPECT_TRUE(judge.troubled()) << line;
    EXPECT_EQ(judge.trouble().message, message);
    EXPECT_EQ(judge.trouble().ending, BootEnding::panicked);
  }
  EXPECT_FALSE(judged({}, {}, {"reboot: System halted", "panic=-1", "don't panic"}).troubled());
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

TEST(ConsoleJudge, tells_the_reports_of_the_kernel_apart) {
  struct {
    const char* line;
    BootEnding ending;
  } const cases[] = {
      {"[   12.345678] BUG: unable to handle page fault for address: ffff", BootEnding::oops},
      {"[   12.345678][  T123] Oops: Oops: 0002 [#1] PREEMPT SMP PTI", BootEnding::oops},
      {"[    1.0] general protection fault: 0000 [#1] SMP", BootEnding::oops},
      {"[    1.0] Unable to handle kernel NULL pointer dereference at virtual address 0",
       BootEnding::oops},
      {"[    1.0] Unable to handle kernel pointer dereference in virtual kernel address space",
       BootEnding::oops},
      {"[    1.0] Internal error: Oops: 0000000096000004 [#1] SMP", BootEnding::oops},
      {"[    1.0] kernel BUG at mm/slub.c:123!", BootEnding::bug},
      {"[    1.0] BUG: KASAN: use-after-free in foo+0x1/0x2", BootEnding::bug},
      {"[    1.0] BUG: Bad page state in process init  pfn:1", BootEnding::bug},
      {"BUG: sleeping function called from invalid context at a.c:1", BootEnding::bug},
      {"[    1.0] WARNING: CPU: 0 PID: 1 at kernel/fork.c:1 copy_process+0x1/0x2",
       BootEnding::warning},
      {"[    1.0] WARNING: kernel/fork.c:1 at copy_process+0x1/0x2, CPU#0: init/1",
       BootEnding::warning},
      {"[    1.0] WARNING: possible circular locking dependency detected", BootEnding::warning},
      {"[  242.1] INFO: task init:1 blocked for more than 120 seconds.", BootEnding::hung},
      {"[   22.1] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [init:1]", BootEnding::hung},
      {"[   22.1] rcu: INFO: rcu_preempt self-detected stall on CPU", BootEnding::hung},
      {"[    3.0] Out of memory: Killed process 99 (eater) total-vm:1kB",
       BootEnding::out_of_memory},
  };
  for (const auto& [line, ending] : cases) {
    const auto judge = judged({}, {}, {line});
    ASSERT_TRUE(judge.troubled()) << line;
    EXPECT_EQ(boot_ending_name(judge.trouble().ending), boot_ending_name(ending)) << line;
    EXPECT_EQ(judge.trouble().message, line);
    EXPECT_FALSE(judge.failure()) << "the rest of the report is waited for: " << line;
  }
  for (const char* line :
       {"nginx: WARNING: CPU: is hot", "WARNING: no swap", "debug: BUG: x", "a kernel BUG at x",
        "[    3.0] Memory cgroup out of memory: Killed process 99 (eater)",
        "[    3.0] eater invoked oom-killer: gfp_mask=0xcc0",
        "traps: a[1] general protection fault", "INFO: task done", "[*] BUG: starred",
        "batch: 0 [#1] done", "[    1.0] x [#1"})
    EXPECT_FALSE(kernel_trouble(line)) << line;
}

TEST(ConsoleJudge, a_report_goes_from_its_cut_to_what_it_leads_to) {
  const auto judge = judged(
      {"x"}, {},
      {"before", "[ 1.0] ------------[ cut here ]------------", "[ 1.0] kernel BUG at a.c:1!",
       "[ 1.0] Call Trace:", "x", "[ 1.0] ---[ end trace 0000000000000000 ]---",
       "[ 1.0] Kernel panic - not syncing: Fatal exception",
       "[ 1.0] ---[ end Kernel panic - not syncing: Fatal exception ]---"});
  ASSERT_TRUE(judge.failure());
  EXPECT_EQ(judge.failure()->ending, BootEnding::panicked);
  EXPECT_EQ(judge.failure()->message, "[ 1.0] Kernel panic - not syncing: Fatal exception");
  EXPECT_EQ(judge.report().lines.size(), 7U);
  EXPECT_EQ(judge.report().lines.front(), "[ 1.0] ------------[ cut here ]------------");
  EXPECT_FALSE(judge.all_seen());
}

TEST(ConsoleJudge, what_is_allowed_is_noted) {
  ConsoleJudge judge({.expect = {"done"}, .allow = {BootEnding::warning}});
  for (const char* line : {"WARNING: CPU: 0 PID: 1 at a.c:1 f", "done"}) judge.line(line);
  ASSERT_TRUE(judge.success());
  EXPECT_TRUE(judge.success()->ok);
  EXPECT_EQ(judge.report().allowed, Strings{"WARNING: CPU: 0 PID: 1 at a.c:1 f"});
  judge.line("kernel BUG at a.c:1!");
  EXPECT_TRUE(judge.troubled());
}

TEST(ConsoleJudge, takes_the_guests_own_word) {
  EXPECT_FALSE(
      judged({}, {}, {"RTFX_GUEST_EXIT: x", "RTFX_GUEST_EXIT: 256", "x RTFX_GUEST_EXIT: 0"})
          .success());
  const auto good = judged({}, {}, {"RTFX_GUEST_EXIT: 0"});
  ASSERT_TRUE(good.success());
  EXPECT_EQ(good.success()->message, "the guest reported exit code 0");
  EXPECT_FALSE(judged({"more"}, {}, {"RTFX_GUEST_EXIT: 0"}).success());
  const auto bad = judged({"more"}, {}, {"RTFX_GUEST_EXIT: 3"});
  ASSERT_TRUE(bad.failure());
  EXPECT_EQ(bad.failure()->ending, BootEnding::guest_failed);
  EXPECT_EQ(bad.failure()->message, "the guest reported exit code 3");
}

TEST(ConsoleJudge, results_of_tests_decide_with_the_rest) {
  const auto waiting = judged({"login:"}, {}, {"KTAP version 1", "1..2", "ok 1 a", "login:"});
  EXPECT_FALSE(waiting.success()) << "a result is outstanding";
  const auto good = judged({"login:"}, {}, {"KTAP version 1", "1..1", "ok 1 a", "login:"});
  ASSERT_TRUE(good.success());
  EXPECT_TRUE(good.success()->ok);
  EXPECT_EQ(good.report().tests.size(), 1U);
  const auto bad = judged({"login:"}, {}, {"KTAP version 1", "1..1", "not ok 1 a", "login:"});
  ASSERT_TRUE(bad.success());
  EXPECT_FALSE(bad.success()->ok);
  EXPECT_EQ(bad.success()->ending, BootEnding::tests_failed);
  EXPECT_EQ(bad.success()->message,
            "1 of 1 results of the guest's tests is bad; the first: a (fail)");
  const auto end =
      judge_end(judged({}, {}, {"KTAP version 1", "1..2", "ok 1 a"}),
                {.qemu = {.ending = Ending::exited}, .shutdown_reason = "guest-shutdown"});
  EXPECT_EQ(end.ending, BootEnding::tests_failed);
  EXPECT_EQ(end.message, "1 of 2 results of the guest's tests is bad; the first: 2..2 (missing)");
}

TEST(ConsoleJudge, keeps_the_last_lines_fit_to_print) {
  Strings lines(30, "x");
  lines.back() = "\xff";
  const auto last = judged({}, {}, lines).last_lines();
  EXPECT_EQ(last.size(), ConsoleJudge::kept_lines);
  EXPECT_EQ(last.back(), "\\xff");
  EXPECT_EQ(judged({}, {}, {std::string(4000, 'x')}).last_lines().back(),
            std::string(300, 'x') + "...");
}

TEST(ConsoleJudge, refuses_bad_regexes) {
  const auto message = [](const Strings& expect, const Strings& reject) -> std::string {
    try {
      ConsoleJudge({.expect = expect, .reject = reject});
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
       BootEnding::reset,
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
