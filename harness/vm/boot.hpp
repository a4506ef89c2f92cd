// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/arch.hpp"
#include "harness/process/process.hpp"
#include "harness/vm/devices.hpp"
#include "harness/vm/ending.hpp"
#include "harness/vm/network.hpp"

namespace rtfx::vm {

enum class Accelerator { tcg, kvm };
std::string accelerator_name(Accelerator accelerator);

/// Whether KVM really runs a guest here: /dev/kvm that opens is no proof (it can hang every guest), so the arch's
/// probe guest is run under it with a cap of 3 s. The answer is remembered in `cache` (kvm.json) per boot of the host and
/// qemu binary. A host whose arch has no probe counts as not usable.
struct KvmProbe {
  bool usable = false;
  std::string
      reason;  ///< why not, or how it was seen: "no /dev/kvm", "a guest hung (3 s)", "a guest ran in 0.2 s"
  bool remembered = false;
};
KvmProbe probe_kvm(process::Runner& runner, const std::filesystem::path& cache,
                   std::stop_token stop = {});

/// How qemu runs the arch's probe guest, whose image is in that file.
std::vector<std::string> probe_command_line(const Arch& arch, const std::filesystem::path& qemu,
                                            Accelerator accelerator,
                                            const std::filesystem::path& image);

/// The accelerator for guests of this arch: KVM when the guest has the host's arch and probe_kvm says that it works.
struct AcceleratorChoice {
  Accelerator accelerator = Accelerator::tcg;
  std::string reason;
};
AcceleratorChoice choose_accelerator(const Arch& arch, process::Runner& runner,
                                     const std::filesystem::path& cache, std::stop_token stop = {});

/// A guest, and what counts as success. It starts from a kernel, or from the drive that says so.
struct BootSpec {
  Arch arch;
  Accelerator accelerator = Accelerator::tcg;
  std::string accelerator_reason{};
  std::filesystem::path kernel, initrd;
  std::string cmdline;  ///< see complete_cmdline
  int cpus = 1;
  int memory_mib = 512;
  std::string machine{}, cpu{};  ///< instead of the arch's
  std::string uuid{}, mac{};     ///< "": qemu's own
  std::vector<Drive> drives{};
  std::optional<Firmware> firmware{};  ///< of UEFI; none: the machine's own
  Network network{};
  std::vector<Publish> publish;
  std::vector<std::filesystem::path> shared_directories{};  ///< for virtiofs
  std::filesystem::path virtiofsd{};
  std::vector<Share> shares{};         ///< filled in by boot()
  std::vector<std::string> devices{};  ///< further values of qemu's -device
  bool usb = false;
  std::string display{};             ///< qemu's -display; "": none
  std::filesystem::path pid_file{};  ///< written by qemu; empty: none
  /// ECMAScript regexes that must match console lines, in this order; two may match in one line, one after the other.
  std::vector<std::string> expect;
  std::vector<std::string> reject;  ///< a match fails the boot at once
  std::set<BootEnding> allow{};     ///< reports of the kernel that do not end the boot
  /// Shell command run on the host after the last expect, repeated until it succeeds. It gets the ports of the host as
  /// RTFX_PORT_<guest port>.
  std::string probe;
  std::chrono::milliseconds timeout{std::chrono::minutes(2)};  ///< 0: none
  /// Longest time without console output; 0: any. Not applied while a probe runs.
  std::chrono::milliseconds silence{std::chrono::seconds(60)};
  std::filesystem::path console_log;  ///< empty: none. Raw bytes.
  std::filesystem::path
      console_times{};  ///< empty: none. Lines, with the seconds since the start of qemu.
  std::uint64_t log_limit = std::uint64_t{256} << 20;  ///< bytes, for each of the two
  /// The user's input, given to the guest's console from the start; -1: none.
  int input = -1;
  /// When the verdict is a failure and the guest still runs, it goes on with the user at `failure_input`.
  int failure_input = -1;
  std::function<void(const std::string& why)> on_failure_input{};  ///< told then
  /// Told which ports are published, before qemu starts; once more when it must start again because one was taken.
  std::function<void(const std::vector<Publish>&)> on_publish;
};

struct BootOutcome {
  BootEnding ending;
  bool ok = false;
  std::string
      message{};  ///< one line: what happened, the offending console line, what was waited for
  std::vector<std::string> last_lines{};  ///< of the console, sanitised, at most 20
  GuestReport report{};
  Accelerator accelerator;
  std::chrono::nanoseconds elapsed{0};  ///< from the start of qemu to the verdict
  std::vector<Publish> published{};     ///< with the host ports that were chosen
  bool left = false;                    ///< the user at the console ended the guest
  std::uint64_t log_left_out = 0;       ///< bytes of the console that the log has no room for
};

/// The kernel command line that is used: what `cmdline` lacks of "console=<arch console>", without which nothing would
/// be seen, and "panic=-1", without which a panicked guest hangs, is appended.
std::string complete_cmdline(const std::string& cmdline, const Arch& arch);

/// The qemu command line for a spec (pure). `qmp` is the name of the abstract socket that QMP connects to, and the guest's
/// processors are stopped until QMP says "cont"; "": no QMP, and the guest runs. The host ports are filled in.
std::vector<std::string> qemu_command_line(const BootSpec& spec, const std::string& qmp);

/// Boots and judges. The console's bytes go to `console` as they come, on a thread of its own; when it does not return,
/// the guest waits, but not the clock. The guest never outlives the call. Throws Error for what keeps a guest from being
/// started: a bad regex, a missing file, what qemu refuses (ExitCode::usage), no qemu (ExitCode::host).
BootOutcome boot(const BootSpec& spec, process::Runner& runner,
                 const std::function<void(std::string_view)>& console, std::stop_token stop);

}  // namespace rtfx::vm
