// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/files.hpp"
#include "harness/vm/boot.hpp"
#include "harness/vm/console.hpp"
#include "harness/vm/console_input.hpp"
#include "harness/vm/console_log.hpp"
#include "harness/vm/console_relay.hpp"
#include "harness/vm/judge.hpp"
#include "harness/vm/qmp.hpp"

namespace rtfx::vm {

/// One guest from the start of qemu to its end. Internal to this folder.
///
/// The thread that calls run() runs qemu and gets the console's bytes from it; the watcher talks QMP, keeps the clock (the
/// limits, prompts without a newline) and runs the probe. The first verdict of either ends qemu. The bytes go to their
/// reader on a third thread, and the user's input comes from a fourth.
class Guest {
 public:
  /// The spec is the caller's, and complete: host ports, shares.
  Guest(const BootSpec& spec, process::Runner& runner,
        const std::function<void(std::string_view)>& console);

  BootOutcome run(std::stop_token stop);
  /// From any thread: something that the guest needs is gone.
  void abandon(const std::string& why);
  /// What qemu wrote on its standard error.
  const std::string& qemu_error() const { return error_text_; }
  /// Whether the guest was let go.
  bool started() const { return qmp_.running(); }

 private:
  using Clock = std::chrono::steady_clock;

  process::Outcome run_qemu();
  BootOutcome conclude(const process::Outcome& qemu, Clock::time_point ended);
  void take(process::Stream stream, std::string_view bytes);
  void watch();
  bool check_clock();
  void look();
  void probe();
  void decide(Verdict verdict);
  void give_console(int input);
  GuestEnd guest_end(const process::Outcome& qemu) const;
  double seconds() const;

  const BootSpec& spec_;
  process::Runner& runner_;
  std::optional<ConsoleLog> log_;
  std::optional<TimedLog> times_;
  FileDescriptor console_in_, console_out_;  ///< the pipe to the guest's console
  std::stop_source end_;                     ///< ends qemu and a probe
  Clock::time_point started_ = Clock::now();

  std::mutex mutex_;  ///< for all down to next_probe_
  ConsoleLines lines_;
  ConsoleJudge judge_;
  Clock::time_point last_output_ = Clock::now();
  std::optional<Clock::time_point> trouble_seen_;
  std::optional<Verdict> verdict_;
  Clock::time_point decided_;
  bool over_ = false;   ///< qemu has ended
  bool given_ = false;  ///< after the verdict: the user has the console
  bool left_ = false;   ///< the user has ended the guest
  std::string abandoned_;
  std::string error_text_;  ///< what qemu wrote on its standard error
  std::string probe_result_;
  Clock::time_point next_probe_;

  Qmp qmp_;  ///< the watcher's, and after its end the caller's
  ConsoleRelay relay_;
  std::optional<ConsoleInput> input_;
};

}  // namespace rtfx::vm
