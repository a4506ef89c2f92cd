// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/judge.hpp"

#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "fmt/format.h"

namespace rtfx::vm {

namespace {

/// Lines after which a kernel, or what runs before it, does nothing more.
struct Fatal {
  std::string_view text, cause;
};
constexpr std::array fatal_lines = {
    Fatal{"Kernel panic - not syncing", "kernel panic"},
    Fatal{"PANIC: early exception",
          "kernel panic before the console"},  // arch/x86: early_fixup_exception()
    Fatal{"-- System halted",
          "the kernel could not unpack itself"},      // arch/x86/boot/compressed: error()
    Fatal{"sbi_trap_error:", "the firmware failed"},  // OpenSBI
};
constexpr std::string_view end_of_panic = "end Kernel panic";

std::string waiting_for(const ConsoleJudge& console) {
  const std::string awaited = console.awaited();
  return awaited.empty() ? "" : ", waiting for " + awaited;
}

/// For the end of the guest by itself: "before expect 1 of 1, "x"" or the like; "" when nothing was owed.
std::string too_early(const ConsoleJudge& console, const GuestEnd& end) {
  if (!console.all_seen()) return " before " + console.awaited();
  if (end.probing)
    return " before the probe succeeded" +
           (end.probe_result.empty() ? "" : ": " + end.probe_result);
  return {};
}

/// The power switch of some machines ends qemu 7.2 on the spot, with exit 0 and no event on QMP (hw/misc/sifive_test.c).
/// What is left is the last line of Linux.
bool said_power_down(const ConsoleJudge& console) {
  const std::vector<std::string> lines = console.last_lines();
  return !lines.empty() && lines.back().ends_with("reboot: Power down");
}

Verdict judge_exit(const ConsoleJudge& console, const GuestEnd& end) {
  const std::string early = too_early(console, end);
  const auto failed = [&early](const std::string& what) {
    return Verdict{BootEnding::early_exit, false, what + early};
  };
  if (!end.qemu.ok()) {
    return {BootEnding::early_exit, false,
            fmt::format("qemu failed ({}){}", end.qemu.str(),
                        end.qemu_error.empty() ? "" : ": " + end.qemu_error)};
  }
  if (end.guest_panicked || end.shutdown_reason == "guest-panic") {
    return {BootEnding::panicked, false, "the guest reported a panic to qemu"};
  }
  if (end.shutdown_reason == "guest-reset") return failed("the guest reset itself");
  const bool untold = end.shutdown_reason.empty() && said_power_down(console);
  if (end.shutdown_reason != "guest-shutdown" && !untold) {
    return failed(end.shutdown_reason.empty()
                      ? "qemu ended without telling why"
                      : "qemu was ended from outside (" + end.shutdown_reason + ")");
  }
  if (!early.empty()) return failed("the guest powered off");
  return {BootEnding::powered_off, true, "the guest powered off"};
}

}  // namespace

std::string boot_ending_name(BootEnding ending) {
  switch (ending) {
    case BootEnding::expected:
      return "expected";
    case BootEnding::powered_off:
      return "powered off";
    case BootEnding::panicked:
      return "kernel panic";
    case BootEnding::rejected:
      return "rejected";
    case BootEnding::early_exit:
      return "early exit";
    case BootEnding::silent:
      return "silent";
    case BootEnding::timed_out:
      return "timed out";
    case BootEnding::probe_failed:
      return "probe failed";
    case BootEnding::cancelled:
      return "cancelled";
  }
  return {};
}

ConsoleJudge::ConsoleJudge(const std::vector<std::string>& expect,
                           const std::vector<std::string>& reject)
    : expect_(compile(expect, "expect")), reject_(compile(reject, "reject")) {}

std::vector<ConsoleJudge::Pattern> ConsoleJudge::compile(const std::vector<std::string>& patterns,
                                                         const char* flag) {
  std::vector<Pattern> result;
  for (const std::string& pattern : patterns) {
    if (pattern.empty())
      throw Error(fmt::format("an empty regex for {} matches everything", flag), ExitCode::usage);
    try {
      result.push_back(
          {pattern, std::regex(pattern, std::regex::ECMAScript | std::regex::optimize)});
    } catch (const std::regex_error& error) {
      // libstdc++ calls a leading * a mismatched parenthesis.
      const bool repeats_nothing =
          std::string_view("*+?").find(pattern[0]) != std::string_view::npos;
      throw Error(
          fmt::format("bad regex for {}: \"{}\": {}", flag, pattern,
                      repeats_nothing ? "there is nothing to repeat at its start" : error.what()),
          ExitCode::usage);
    }
  }
  return result;
}

void ConsoleJudge::line(std::string_view text) {
  last_.push_back(text::printable(text));
  if (last_.size() > kept_lines) last_.pop_front();
  match(text);
  matched_to_ = 0;
  if (!panic_) return;
  if (panic_->lines_since++ >= lines_after_panic || text.find(end_of_panic) != text.npos)
    panic_->complete = true;
}

void ConsoleJudge::unfinished(std::string_view text) { match(text); }

void ConsoleJudge::match(std::string_view text) {
  if (rejected_ || panic_) return;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  for (const Pattern& pattern : reject_) {
    if (!std::regex_search(begin, end, pattern.regex)) continue;
    rejected_ = {BootEnding::rejected, false,
                 fmt::format("\"{}\" matched: {}", pattern.text, text::printable(text))};
    return;
  }
  for (const Fatal& fatal : fatal_lines) {
    if (text.find(fatal.text) == text.npos) continue;
    panic_ = {.cause = std::string(fatal.cause), .line = text::printable(text)};
    return;
  }
  while (!all_seen() && matched_to_ <= text.size()) {
    using namespace std::regex_constants;
    std::cmatch found;
    const auto flags = matched_to_ > 0 ? match_prev_avail | match_not_bol : match_default;
    if (!std::regex_search(begin + matched_to_, end, found, expect_[seen_].regex, flags)) return;
    matched_to_ = static_cast<std::size_t>(found[0].second - begin);
    last_match_ = text::printable(text);
    ++seen_;
  }
}

std::optional<Verdict> ConsoleJudge::failure() const {
  if (rejected_) return rejected_;
  if (panic_ && panic_->complete) return panic();
  return std::nullopt;
}

Verdict ConsoleJudge::panic() const {
  return {BootEnding::panicked, false,
          panic_->cause == "kernel panic" ? panic_->line : panic_->cause + ": " + panic_->line};
}

std::string ConsoleJudge::awaited() const {
  if (all_seen()) return {};
  return fmt::format("expect {} of {}, \"{}\"", seen_ + 1, expect_.size(), expect_[seen_].text);
}

std::string ConsoleJudge::seen() const {
  return expect_.empty() ? "" : fmt::format("saw \"{}\"", text::trim(last_match_));
}

std::vector<std::string> ConsoleJudge::last_lines() const { return {last_.begin(), last_.end()}; }

Verdict judge_end(const ConsoleJudge& console, const GuestEnd& end) {
  if (const auto failure = console.failure()) return *failure;
  if (console.panicking()) return console.panic();
  switch (end.qemu.ending) {
    case process::Ending::cancelled:
      return {BootEnding::cancelled, false, "interrupted" + waiting_for(console)};
    case process::Ending::timed_out:
      if (console.all_seen() && end.probing) {
        return {BootEnding::probe_failed, false,
                "no success within the time limit" +
                    (end.probe_result.empty() ? "" : "; last: " + end.probe_result)};
      }
      return {BootEnding::timed_out, false, "the time limit was reached" + waiting_for(console)};
    case process::Ending::exited:
    case process::Ending::signalled:
      return judge_exit(console, end);
  }
  return {};
}

}  // namespace rtfx::vm
