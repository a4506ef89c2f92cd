// SPDX-License-Identifier: Apache-2.0
//
// What a boot means, decided from console lines and from how the guest ended. Pure: no clock, no process.
#pragma once

#include <deque>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "base/ktap.hpp"
#include "harness/process/process.hpp"
#include "harness/vm/ending.hpp"
#include "harness/vm/kernel_report.hpp"

namespace rtfx::vm {

/// A decision and the line that explains it.
struct Verdict {
  BootEnding ending;
  bool ok;
  std::string message;
};

/// What counts on a console.
struct Judging {
  std::vector<std::string> expect{}, reject{};  ///< ECMAScript regexes
  std::set<BootEnding> allow{};                 ///< reports of the kernel that are only noted
};

/// Follows the console of one guest.
class ConsoleJudge {
 public:
  static constexpr std::size_t kept_lines = 20;
  /// A report is complete after so many lines: that of a panic, and that of a kernel that goes on.
  static constexpr int lines_after_panic = 15, lines_after_report = 60;
  static constexpr std::size_t most_allowed = 100;

  /// Throws Error (ExitCode::usage) naming the regex that is none.
  explicit ConsoleJudge(const Judging& judging);

  /// A whole line of the console.
  void line(std::string_view text);
  /// A line that has begun and not ended, while the guest pauses. The same line may come again, longer or whole.
  void unfinished(std::string_view text);

  /// A match of a reject, a report of the kernel that is complete, or an exit code of the guest that is not 0.
  std::optional<Verdict> failure() const;
  /// The kernel began to report something that is not allowed.
  bool troubled() const { return trouble_.has_value(); }
  /// That, as far as it was told.
  Verdict trouble() const;
  /// All that was waited for has come, nothing failed, and no test results are outstanding.
  std::optional<Verdict> success() const;
  /// A success, unless the guest's own tests failed.
  Verdict concluded(Verdict success) const;
  bool all_seen() const { return seen_ == expect_.size(); }
  /// What is waited for: `expect 2 of 3, "login:"`. "" when all was seen.
  std::string awaited() const;
  /// How it went well: `saw "Welcome to LinuxKit"`.
  std::string seen() const;
  std::vector<std::string> last_lines() const;
  GuestReport report() const;

 private:
  struct Pattern {
    std::string text;
    std::regex regex;
  };
  static std::vector<Pattern> compile(const std::vector<std::string>& patterns, const char* flag);
  void match(std::string_view text);
  bool rejects(std::string_view text);
  void notice(const KernelTrouble& trouble, std::string_view text, bool whole);
  void gather(std::string_view text);

  std::vector<Pattern> expect_, reject_;
  std::size_t seen_ = 0;
  std::size_t matched_to_ = 0;  ///< in the current line: the end of the last expect's match
  std::string last_match_;      ///< the line of it, printable
  std::optional<Verdict> rejected_;
  struct Trouble {
    BootEnding ending;
    std::string cause{}, line{};
    int lines_since = 0;
    bool complete = false;
  };
  std::set<BootEnding> allow_;
  std::optional<Trouble> trouble_;
  std::optional<std::string> cut_;  ///< the line "[ cut here ]" just before this one
  Ktap ktap_;
  GuestReport report_;
  std::deque<std::string> last_;
};

/// How qemu and the guest in it came to their end.
struct GuestEnd {
  process::Outcome qemu{};
  std::string
      shutdown_reason{};  ///< of QMP's SHUTDOWN event ("guest-shutdown", "guest-reset"); "": none was seen
  bool guest_panicked = false;  ///< QMP's GUEST_PANICKED
  std::string qemu_error{};     ///< last line that qemu wrote on its standard error
  bool probing = false;        ///< there is a probe; it had begun (or could have) and not succeeded
  std::string probe_result{};  ///< of its last attempt: "exit 1: connection refused"
};

/// The verdict of a guest that ended, or was ended by the time limit or a stop request, before anything else decided.
Verdict judge_end(const ConsoleJudge& console, const GuestEnd& end);

}  // namespace rtfx::vm
