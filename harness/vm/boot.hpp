// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/arch.hpp"
#include "harness/process/process.hpp"

namespace rtfx::vm {

enum class Accelerator { tcg, kvm };
std::string accelerator_name(Accelerator accelerator);

/// Whether KVM really runs a guest here: /dev/kvm that opens is no proof (it can hang every guest), so a boot sector
/// that ends qemu with a known exit code is run under it with a cap of 3 s. The answer is remembered in `cache`
/// (kvm.json) per boot of the host and qemu binary. Hosts other than amd64 have no such probe and count as not usable.
struct KvmProbe {
  bool usable = false;
  std::string
      reason;  ///< why not, or how it was seen: "no /dev/kvm", "a guest hung (3 s)", "a guest ran in 0.2 s"
  bool remembered = false;
};
KvmProbe probe_kvm(process::Runner& runner, const std::filesystem::path& cache,
                   std::stop_token stop = {});

/// The accelerator for guests of this arch: KVM when the guest has the host's arch and probe_kvm says that it works.
struct AcceleratorChoice {
  Accelerator accelerator = Accelerator::tcg;
  std::string reason;
};
AcceleratorChoice choose_accelerator(const Arch& arch, process::Runner& runner,
                                     const std::filesystem::path& cache, std::stop_token stop = {});

/// A port of the host, on 127.0.0.1 only, forwarded to the guest. host 0: any free one.
struct Publish {
  int host = 0;
  int guest = 0;
  std::string protocol = "tcp";
};
/// "8080:80", "8080:80/udp", ":80". Throws Error (ExitCode::usage).
Publish parse_publish(const std::string& text);

/// A guest to boot directly from kernel and initrd, and what counts as success.
struct BootSpec {
  Arch arch;
  Accelerator accelerator = Accelerator::tcg;
  std::filesystem::path kernel, initrd;
  std::string cmdline;  ///< see complete_cmdline
  int cpus = 1;
  int memory_mib = 512;
  std::vector<Publish> publish;
  /// ECMAScript regexes that must match console lines, in this order; two may match in one line, one after the other.
  std::vector<std::string> expect;
  std::vector<std::string> reject;  ///< a match fails the boot at once
  /// Shell command run on the host after the last expect, repeated until it succeeds. It gets the ports of the host as
  /// RTFX_PORT_<guest port>.
  std::string probe;
  std::chrono::milliseconds timeout{std::chrono::minutes(2)};
  /// Longest time without console output; 0: any. Not applied while a probe runs.
  std::chrono::milliseconds silence{std::chrono::seconds(60)};
  std::filesystem::path console_log;  ///< empty: none. Raw bytes.
  /// Told which ports are published, before qemu starts; once more when it must start again because one was taken.
  std::function<void(const std::vector<Publish>&)> on_publish;
};

/// Every way a boot can end.
enum class BootEnding {
  expected,     ///< all expects seen (and the probe succeeded)
  powered_off,  ///< the guest ended by itself; success only without expects
  panicked,
  rejected,    ///< a --reject matched
  early_exit,  ///< the guest ended before all expects were seen; or reset; or qemu failed
  silent,
  timed_out,
  probe_failed,
  cancelled,
};
std::string boot_ending_name(BootEnding ending);

struct BootOutcome {
  BootEnding ending;
  bool ok = false;
  std::string
      message{};  ///< one line: what happened, the offending console line, what was waited for
  std::vector<std::string> last_lines{};  ///< of the console, sanitised, at most 20
  Accelerator accelerator;
  std::chrono::nanoseconds elapsed{0};  ///< from the start of qemu to the verdict
  std::vector<Publish> published{};     ///< with the host ports that were chosen
};

/// The kernel command line that is used: what `cmdline` lacks of "console=<arch console>", without which nothing would
/// be seen, and "panic=-1", without which a panicked guest hangs, is appended.
std::string complete_cmdline(const std::string& cmdline, const Arch& arch);

/// The qemu command line for a spec (pure). `qmp_socket` is where QMP listens; the host ports are filled in. The guest's
/// processors are stopped until QMP says "cont".
std::vector<std::string> qemu_command_line(const BootSpec& spec,
                                           const std::filesystem::path& qmp_socket);

/// Boots and judges. The console's bytes go to `console` as they come, on the calling thread. The guest never outlives
/// the call. Throws Error for what keeps a guest from being started: a bad regex or a missing file (ExitCode::usage),
/// no qemu (ExitCode::host).
BootOutcome boot(const BootSpec& spec, process::Runner& runner,
                 const std::function<void(std::string_view)>& console, std::stop_token stop);

}  // namespace rtfx::vm
