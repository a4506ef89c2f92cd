// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/judge.hpp"

#include <charconv>

#include "base/error.hpp"
#include "base/text.hpp"
#include "fmt/format.h"

namespace rtfx::vm {

namespace {

/// How a guest reports what its own test came to: alone on a line, before it powers off or not.
constexpr std::string_view guest_exit = "RTFX_GUEST_EXIT: ";

std::optional<int> exit_code_of(std::string_view line) {
  if (!line.starts_with(guest_exit)) return std::nullopt;
  line = text::trim(line.substr(guest_exit.size()));
  int code = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), code);
  const bool good =
      error == std::errc() && end == line.data() + line.size() && code >= 0 && code <= 255;
  return good ? std::optional(code) : std::nullopt;
}

/// Fit to print, also when a guest writes lines of many hundred characters.
std::string shown(std::string_view line) {
  constexpr std::size_t longest = 300;
  return text::printable(line.substr(0, longest)) + (line.size() > longest ? "..." : "");
}

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
  if (end.shutdown_reason == "guest-reset")
    return {BootEnding::reset, false, "the guest reset itself" + early};
  const bool untold = end.shutdown_reason.empty() && said_power_down(console);
  if (end.shutdown_reason != "guest-shutdown" && !untold) {
    return failed(end.shutdown_reason.empty()
                      ? "qemu ended without telling why"
                      : "qemu was ended from outside (" + end.shutdown_reason + ")");
  }
  if (!early.empty()) return failed("the guest powered off");
  return console.concluded({BootEnding::powered_off, true, "the guest powered off"});
}

}  // namespace

ConsoleJudge::ConsoleJudge(const Judging& judging)
    : expect_(compile(judging.expect, "expect")),
      reject_(compile(judging.reject, "reject")),
      allow_(judging.allow) {}

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
  last_.push_back(shown(text));
  if (last_.size() > kept_lines) last_.pop_front();
  const bool known = troubled();
  match(text);
  matched_to_ = 0;
  if (const auto trouble = kernel_trouble(text)) notice(*trouble, text, true);
  if (!report_.exit_code) report_.exit_code = exit_code_of(text);
  ktap_.line(text);
  if (known) gather(text);
  cut_.reset();
  if (starts_report(text)) cut_ = text::printable(text);
}

void ConsoleJudge::unfinished(std::string_view text) {
  match(text);
  if (const auto trouble = kernel_trouble(text)) notice(*trouble, text, false);
}

/// A report of the kernel has begun. One that kills the kernel follows the one that says why.
void ConsoleJudge::notice(const KernelTrouble& trouble, std::string_view text, bool whole) {
  if (allow_.contains(trouble.ending)) {
    if (whole && report_.allowed.size() < most_allowed) report_.allowed.push_back(shown(text));
    return;
  }
  const bool worse = trouble_ && trouble.ending == BootEnding::panicked &&
                     trouble_->ending != BootEnding::panicked;
  if (trouble_ && !worse) return;
  if (!trouble_) {
    if (cut_) report_.lines.push_back(*cut_);
    report_.lines.push_back(shown(text));
  }
  trouble_ = {.ending = trouble.ending, .cause = std::string(trouble.cause), .line = shown(text)};
}

void ConsoleJudge::gather(std::string_view text) {
  report_.lines.push_back(shown(text));
  const bool panic = trouble_->ending == BootEnding::panicked;
  // After the end of the trace of a kernel that goes on, a panic may follow at once.
  if (++trouble_->lines_since >= (panic ? lines_after_panic : lines_after_report) ||
      (panic && ends_report(text)))
    trouble_->complete = true;
}

bool ConsoleJudge::rejects(std::string_view text) {
  for (const Pattern& pattern : reject_) {
    if (!std::regex_search(text.data(), text.data() + text.size(), pattern.regex)) continue;
    rejected_ = {BootEnding::rejected, false,
                 fmt::format("\"{}\" matched: {}", pattern.text, shown(text))};
    return true;
  }
  return false;
}

void ConsoleJudge::match(std::string_view text) {
  if (rejected_ || trouble_ || rejects(text)) return;
  const auto trouble = kernel_trouble(text);
  if (trouble && !allow_.contains(trouble->ending)) return;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  while (!all_seen() && matched_to_ <= text.size()) {
    using namespace std::regex_constants;
    std::cmatch found;
    const auto flags = matched_to_ > 0 ? match_prev_avail | match_not_bol : match_default;
    if (!std::regex_search(begin + matched_to_, end, found, expect_[seen_].regex, flags)) return;
    matched_to_ = static_cast<std::size_t>(found[0].second - begin);
    last_match_ = shown(text);
    ++seen_;
  }
}

std::optional<Verdict> ConsoleJudge::failure() const {
  if (rejected_) return rejected_;
  if (trouble_ && trouble_->complete) return trouble();
  if (!trouble_ && report_.exit_code.value_or(0) != 0)
    return Verdict{BootEnding::guest_failed, false,
                   fmt::format("the guest reported exit code {}", *report_.exit_code)};
  return std::nullopt;
}

Verdict ConsoleJudge::trouble() const {
  return {trouble_->ending, false,
          trouble_->cause.empty() ? trouble_->line : trouble_->cause + ": " + trouble_->line};
}

std::optional<Verdict> ConsoleJudge::success() const {
  if (rejected_ || trouble_ || !all_seen() || ktap_.pending()) return std::nullopt;
  if (!expect_.empty()) return concluded({BootEnding::expected, true, seen()});
  if (report_.exit_code == 0)
    return concluded({BootEnding::expected, true, "the guest reported exit code 0"});
  return std::nullopt;
}

Verdict ConsoleJudge::concluded(Verdict success) const {
  const std::vector<KtapTest> tests = ktap_.tests();
  std::size_t bad = 0;
  const KtapTest* first = nullptr;
  for (const KtapTest& test : tests) {
    if (!test.bad()) continue;
    ++bad;
    if (first == nullptr) first = &test;
  }
  if (first == nullptr) return success;
  return {
      BootEnding::tests_failed, false,
      fmt::format("{} of {} results of the guest's tests {}; the first: {} ({})", bad, tests.size(),
                  bad == 1 ? "is bad" : "are bad", first->name, ktap_result_name(first->result))};
}

GuestReport ConsoleJudge::report() const {
  GuestReport report = report_;
  report.tests = ktap_.tests();
  return report;
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
  if (console.troubled()) return console.trouble();
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
