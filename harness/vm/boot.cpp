// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/boot.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "fmt/format.h"
#include "harness/vm/disk_format.hpp"
#include "harness/vm/guest.hpp"
#include "harness/vm/ports.hpp"
#include "harness/vm/virtiofs.hpp"

namespace rtfx::vm {

namespace {

constexpr int port_attempts = 5;

void check(const BootSpec& spec) {
  const bool starts = std::any_of(spec.drives.begin(), spec.drives.end(),
                                  [](const Drive& drive) { return drive.start; });
  if (!spec.kernel.empty() || !starts) look_into(spec.kernel, "kernel");
  if (!spec.initrd.empty()) look_into(spec.initrd, "initrd");
  if (spec.cpus < 1 || spec.memory_mib < 1)
    throw Error("a guest needs a processor and memory", ExitCode::usage);
}

bool has_free_choice(const std::vector<Publish>& publish) {
  return std::any_of(publish.begin(), publish.end(),
                     [](const Publish& port) { return port.host == 0; });
}

/// qemu ended before the guest was let go: what it was told is wrong, or cannot be had.
Error refusal(const BootOutcome& outcome) {
  return Error("the guest was not started: " + outcome.message, ExitCode::usage);
}

BootOutcome boot_once(const BootSpec& spec, process::Runner& runner,
                      const std::function<void(std::string_view)>& console, std::stop_token stop,
                      bool& collision) {
  BootSpec complete = spec;
  Guest guest(complete, runner, console);
  std::optional<Virtiofs> virtiofs;
  if (!spec.shared_directories.empty()) {
    virtiofs.emplace(spec.shared_directories, spec.virtiofsd, runner,
                     [&guest](const std::string& why) { guest.abandon(why); });
    complete.shares = virtiofs->shares();
  }
  const BootOutcome outcome = guest.run(std::move(stop));
  collision = guest.qemu_error().find(port_taken) != std::string::npos;
  if (outcome.ending == BootEnding::early_exit && !guest.started() && !collision)
    throw refusal(outcome);
  return outcome;
}

}  // namespace

BootOutcome boot(const BootSpec& spec, process::Runner& runner,
                 const std::function<void(std::string_view)>& console, std::stop_token stop) {
  check(spec);
  process::require_program(spec.arch.qemu, spec.arch.qemu_package);
  for (int attempt = 1;; ++attempt) {
    BootSpec actual = spec;
    actual.publish = with_free_ports(spec.publish);
    if (spec.on_publish && !actual.publish.empty()) spec.on_publish(actual.publish);
    bool collision = false;
    const BootOutcome outcome = boot_once(actual, runner, console, stop, collision);
    if (!collision) return outcome;
    if (!has_free_choice(spec.publish) || attempt == port_attempts) throw refusal(outcome);
  }
}

}  // namespace rtfx::vm
