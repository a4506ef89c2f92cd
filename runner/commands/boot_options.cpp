// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/boot_options.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace rtfx::commands {
namespace {

constexpr double longest_seconds = 30 * 24 * 3600;

/// A check of CLI11: a number of seconds, decimals allowed.
CLI::Validator seconds_from(double least) {
  return CLI::Validator(
      [least](const std::string& text) -> std::string {
        double value = 0;
        const bool good =
            CLI::detail::lexical_cast(text, value) && value >= least && value <= longest_seconds;
        return good ? ""
                    : fmt::format("\"{}\" is no number of seconds from {:g} to {:.0f}", text, least,
                                  longest_seconds);
      },
      "", "seconds");
}

/// A flag that may be given several times, each with one value.
void list(CLI::App& command, const char* flag, std::vector<std::string>& values, const char* type,
          const char* help) {
  command.add_option(flag, values, help)->type_name(type)->allow_extra_args(false);
}

void add_medium(CLI::App& command, BootOptions& options) {
  command
      .add_option("IMAGE", options.image,
                  "a disk or ISO image; or PREFIX, for PREFIX-kernel and what belongs to it")
      ->required();
  auto* kernel =
      command.add_flag("--kernel", options.kernel, "IMAGE is a prefix: kernel and initrd");
  auto* squashfs =
      command.add_flag("--squashfs", options.squashfs, "IMAGE is a prefix: kernel and squashfs");
  auto* iso = command.add_flag("--iso", options.iso, "IMAGE is an ISO");
  kernel->excludes(squashfs)->excludes(iso);
  squashfs->excludes(iso);
  command.add_option("--cmdline-append", options.append,
                     "further words for the command line of PREFIX-kernel");
  command.add_flag("--uefi", options.uefi, "UEFI firmware");
  command.add_option("--fw", options.firmware, "its code; default: the distribution's")
      ->type_name("FILE");
}

void add_machine(CLI::App& command, BootOptions& options) {
  command.add_option("--cpus", options.cpus, "processors")
      ->check(CLI::Range(1, 512))
      ->capture_default_str();
  command.add_option("--mem", options.memory_mib, "memory")
      ->check(CLI::Range(16, 1 << 24))
      ->type_name("MB")
      ->capture_default_str();
  command.add_option("--accel", options.accelerator, "auto: KVM only when a guest really runs")
      ->check(CLI::IsMember({"tcg", "kvm", "hvf", "auto", "kvm:tcg", "hvf:tcg"}))
      ->capture_default_str();
  command.add_option("--machine", options.machine, "qemu's -machine, instead of the arch's");
  command.add_option("--cpu", options.cpu, "qemu's -cpu, instead of the arch's");
  command
      .add_option("--virtio", options.virtio,
                  "how virtio devices are attached, instead of as the arch has them; mmio with "
                  "--machine microvm")
      ->check(CLI::IsMember({"pci", "ccw", "mmio"}));
  command.add_option("--qemu", options.qemu, "the qemu to use")->type_name("PROGRAM");
  list(command, "--device", options.devices, "DEVICE", "a further -device of qemu");
  command.add_flag("--usb", options.usb, "a USB controller");
  command.add_flag("--gui", options.gui, "a window with the guest's screen");
  command.add_flag("--detached", options.detached,
                   "refused, as linuxkit does: a guest ends with rtfx");
}

void add_storage(CLI::App& command, BootOptions& options) {
  list(command, "--disk", options.disks, "[file=]PATH[,size=N[M|G]][,format=F]",
       "a further disk; with a size it is made if it is not there");
  command.add_flag("--snapshot", options.snapshot, "forget what the guest writes to disks");
  auto* data =
      command.add_option("--data", options.data, "metadata for the guest, as a CD labelled config");
  auto* file = command.add_option("--data-file", options.data_file, "the same, from a file")
                   ->type_name("FILE");
  data->excludes(file);
  data->each([&options](const std::string&) { options.has_data = true; });
  list(command, "--virtiofs", options.shares, "DIR",
       "a directory for the guest, tagged virtiofs0, ...");
  command.add_option("--virtiofsd", options.virtiofsd, "the virtiofsd to use")
      ->type_name("PROGRAM");
  command.add_option("--state", options.state, "keep disks, addresses and UEFI variables there")
      ->type_name("DIR");
}

void add_network(CLI::App& command, BootOptions& options) {
  command.add_option("--net,--networking", options.network,
                     "user, none, tap,IF or bridge,BR; default: user");
  list(command, "--publish", options.publish, "[HOST]:GUEST[/PROTO]",
       "forward a port of 127.0.0.1; without HOST, or with auto, a free one");
}

void add_verdict(CLI::App& command, BootOptions& options) {
  list(command, "--expect", options.expect, "REGEX",
       "succeed when console lines have matched every one, in this order");
  list(command, "--reject", options.reject, "REGEX", "fail when a console line matches");
  list(command, "--allow", options.allow, "REPORT",
       "do not fail for this: oops, bug, warning, hung-task or out-of-memory");
  command.add_option(
      "--probe", options.probe,
      "shell command that must succeed on the host after the last expect; ports are in "
      "RTFX_PORT_<guest port>");
  command
      .add_option("--timeout", options.timeout,
                  "limit for everything; with -i there is none by default")
      ->check(seconds_from(0.001))
      ->type_name("SEC")
      ->capture_default_str()
      ->each([&options](const std::string&) { options.has_timeout = true; });
  command
      .add_option("--silence", options.silence,
                  "longest time without console output; 0: any, which is the default with -i")
      ->check(seconds_from(0))
      ->type_name("SEC")
      ->capture_default_str()
      ->each([&options](const std::string&) { options.has_silence = true; });
}

void add_console(CLI::App& command, BootOptions& options) {
  command.add_flag("-i,--interactive", options.interactive,
                   "give standard input to the guest; Ctrl-A x ends it");
  command.add_flag("--shell-on-fail", options.shell_on_fail,
                   "when the boot fails and the guest still runs, give it the terminal");
  command.add_option("--console-log", options.console_log, "write the console's bytes there too")
      ->type_name("FILE");
  command
      .add_option("--console-times", options.console_times,
                  "write the console's lines there, each with the seconds since the start")
      ->type_name("FILE");
  command
      .add_option("--log-limit", options.log_limit_mib,
                  "size of each of these files; in the middle of more there is a gap")
      ->check(CLI::Range(1, 1 << 20))
      ->type_name("MB")
      ->capture_default_str();
  command.add_flag("--json", options.json,
                   "print the verdict as JSON on standard output, instead of the console");
  command.add_flag("--print-command", options.print_command, "only print the qemu command line");
}

}  // namespace

vm::MediumChoice BootOptions::choice() const {
  if (kernel) return vm::MediumChoice::kernel;
  if (squashfs) return vm::MediumChoice::squashfs;
  return iso ? vm::MediumChoice::iso : vm::MediumChoice::found;
}

void add_boot_options(CLI::App& command, BootOptions& options) {
  add_medium(command, options);
  add_machine(command, options);
  add_storage(command, options);
  add_network(command, options);
  add_verdict(command, options);
  add_console(command, options);
}

}  // namespace rtfx::commands
