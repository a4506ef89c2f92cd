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

/// Whether KVM really runs a guest here: /dev/kvm that opens is no proof (it can hang every guest), so a boot sector that
/// ends qemu with a known exit code is run under it with a cap of 3 s. The answer is remembered in `cache` per boot of the host and qemu binary.
struct KvmProbe {
  bool usable = false;
  std::string reason;  ///< why not, or how it was seen: "no /dev/kvm", "a guest hung (3 s)", "a guest ran in 0.2 s"
  bool remembered = false;
};
KvmProbe probe_kvm(process::Runner& runner, const std::filesystem::path& cache, std::stop_token stop = {});

/// A port of the host forwarded to the guest. host 0: any free one.
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
  std::string cmdline;                    ///< "console=<arch console>" and "panic=-1" are appended unless it has them
  int cpus = 1;
  int memory_mib = 512;
  std::vector<Publish> publish;
  std::vector<std::string> expect;        ///< ECMAScript regexes that must match console lines, in this order
  std::vector<std::string> reject;        ///< a match fails the boot at once
  std::string probe;                      ///< shell command run on the host after the last expect, repeated until it succeeds; env RTFX_PORT_<guest port>
  std::chrono::milliseconds timeout{std::chrono::minutes(2)};
  std::chrono::milliseconds silence{std::chrono::seconds(60)};  ///< longest time without console output; not applied while a probe runs
  std::filesystem::path console_log;      ///< empty: none. Raw bytes.
};

/// Every way a boot can end.
enum class BootEnding {
  expected,       ///< all expects seen (and the probe succeeded)
  powered_off,    ///< the guest ended by itself; success only without expects
  panicked,
  rejected,       ///< a --reject matched
  early_exit,     ///< the guest ended before all expects were seen; or reset; or qemu failed
  silent,
  timed_out,
  probe_failed,
  cancelled,
};
std::string boot_ending_name(BootEnding ending);

struct BootOutcome {
  BootEnding ending;
  bool ok = false;
  std::string message;                     ///< one line: what happened, which expect was waited for, the offending console line
  std::vector<std::string> last_lines;     ///< of the console, sanitised, at most 20
  Accelerator accelerator;
  std::chrono::nanoseconds elapsed{0};     ///< from the start of qemu to the verdict
};

/// The qemu command line for a spec (pure). `qmp_socket` is where QMP listens; `published` has the host ports filled in.
std::vector<std::string> qemu_command_line(const BootSpec& spec, const std::filesystem::path& qmp_socket);

/// Boots and judges. The console's bytes go to `console` as they come. The guest never outlives the call.
BootOutcome boot(const BootSpec& spec, process::Runner& runner, const std::function<void(std::string_view)>& console, std::stop_token stop);

}  // namespace rtfx::vm
