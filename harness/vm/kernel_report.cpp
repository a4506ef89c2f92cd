// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/kernel_report.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/ktap.hpp"

namespace rtfx::vm {

namespace {

/// Lines after which a kernel, or what runs before it, does nothing more; they may stand anywhere in a line.
struct Fatal {
  std::string_view text, cause;
};
constexpr std::array fatal_lines = {
    Fatal{"Kernel panic - not syncing", ""},
    Fatal{"PANIC: early exception",
          "kernel panic before the console"},  // arch/x86: early_fixup_exception()
    Fatal{"-- System halted",
          "the kernel could not unpack itself"},      // arch/x86/boot/compressed: error()
    Fatal{"sbi_trap_error:", "the firmware failed"},  // OpenSBI
};

/// Reports of a kernel that goes on: how their message begins.
struct Report {
  std::string_view start;
  BootEnding ending;
};
constexpr std::array reports = {
    // Before the general "BUG:": the ones that say how the kernel failed (arch/x86/mm/fault.c).
    Report{"BUG: unable to handle ", BootEnding::oops},
    Report{"BUG: kernel NULL pointer dereference", BootEnding::oops},
    Report{"BUG: soft lockup", BootEnding::hung},
    Report{"BUG: workqueue lockup", BootEnding::hung},
    Report{"watchdog: BUG: soft lockup", BootEnding::hung},
    Report{"watchdog: Watchdog detected hard LOCKUP", BootEnding::hung},
    Report{"kernel BUG at ", BootEnding::bug},
    Report{"BUG: ", BootEnding::bug},
    Report{"UBSAN: ", BootEnding::bug},
    Report{"Oops: ", BootEnding::oops},
    Report{"Oops - ", BootEnding::oops},
    Report{"Oops [#", BootEnding::oops},  // riscv
    Report{"Kernel BUG [#", BootEnding::bug},
    Report{"Internal error: ", BootEnding::oops},          // arch/arm64
    Report{"Unable to handle kernel ", BootEnding::oops},  // arm64, riscv, s390
    Report{"Unhandled fault", BootEnding::oops},
    Report{"Insufficient stack space to handle exception", BootEnding::oops},
    Report{"rcu: INFO: ", BootEnding::hung},
    Report{"INFO: rcu_", BootEnding::hung},
    Report{"Out of memory: Kill",
           BootEnding::out_of_memory},  // "Killed process"; "Kill process" before 5.0
    Report{"WARNING: CPU: ", BootEnding::warning},
    Report{"WARNING: possible ", BootEnding::warning},  // lockdep
    Report{"WARNING: suspicious RCU usage", BootEnding::warning},
    Report{"WARNING: inconsistent lock state", BootEnding::warning},
    Report{"WARNING: bad unlock balance detected", BootEnding::warning},
};

/// "general protection fault: 0000 [#1] SMP": the number of the oops. Only behind printk's time, because other
/// programs count like this, too.
bool is_numbered_oops(std::string_view line, std::string_view message) {
  const std::size_t at = message.find(" [#");
  if (line.size() == message.size() || at == message.npos) return false;
  const std::size_t end = message.find_first_not_of("0123456789", at + 3);
  return end != message.npos && end > at + 3 && message[end] == ']';
}

/// "INFO: task kworker:12 blocked for more than 120 seconds."
bool is_hung_task(std::string_view message) {
  return message.starts_with("INFO: task ") &&
         message.find(" blocked for more than ") != message.npos;
}

/// Since Linux 6.15: "WARNING: kernel/fork.c:123 at copy_process+0x1/0x2, CPU#0: init/1".
bool is_located_warning(std::string_view message) {
  constexpr std::string_view start = "WARNING: ";
  if (!message.starts_with(start)) return false;
  message.remove_prefix(start.size());
  const std::string_view place = message.substr(0, message.find(' '));
  const std::size_t colon = place.rfind(':');
  return colon != place.npos && colon + 1 < place.size() &&
         std::all_of(place.begin() + static_cast<std::ptrdiff_t>(colon) + 1, place.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; }) &&
         message.find(" at ") == place.size();
}

}  // namespace

std::optional<KernelTrouble> kernel_trouble(std::string_view line) {
  for (const Fatal& fatal : fatal_lines) {
    if (line.find(fatal.text) != line.npos) return KernelTrouble{BootEnding::panicked, fatal.cause};
  }
  const std::string_view message = without_printk_time(line);
  for (const Report& report : reports) {
    if (message.starts_with(report.start)) return KernelTrouble{report.ending, ""};
  }
  if (is_hung_task(message)) return KernelTrouble{BootEnding::hung, ""};
  if (is_located_warning(message)) return KernelTrouble{BootEnding::warning, ""};
  if (is_numbered_oops(line, message)) return KernelTrouble{BootEnding::oops, ""};
  return std::nullopt;
}

bool starts_report(std::string_view line) { return line.find("-[ cut here ]-") != line.npos; }

bool ends_report(std::string_view line) {
  return line.find("--[ end trace ") != line.npos || line.find("--[ end Kernel panic") != line.npos;
}

}  // namespace rtfx::vm
