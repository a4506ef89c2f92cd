// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/boot_guest.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/vm/disk_format.hpp"
#include "harness/vm/media.hpp"
#include "harness/vm/virtiofs.hpp"

namespace rtfx::commands {
namespace {

constexpr std::uintmax_t most_data = 16u << 20;

Error usage(const std::string& message) { return Error(message, ExitCode::usage); }

std::chrono::milliseconds from_seconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

/// Contradictions that do not depend on any file.
void check(const BootOptions& options, const vm::Network& network) {
  if (options.detached)
    throw usage(
        "--detached: a guest ends with the rtfx that started it; run rtfx in the background "
        "instead");
  if (!options.firmware.empty() && !options.uefi) throw usage("--fw is for --uefi");
  if (!options.publish.empty() && network.kind != vm::Network::Kind::user)
    throw usage(fmt::format("--publish needs --net user, not {}", options.network));
  if (options.machine.find("accel=") != std::string::npos)
    throw usage("--machine: give the accelerator with --accel");
  if (options.shell_on_fail && options.interactive)
    throw usage("--shell-on-fail: with -i the console is yours from the start");
  if (options.json && (options.interactive || options.shell_on_fail))
    throw usage("--json prints no console; it goes with neither -i nor --shell-on-fail");
  if (options.shell_on_fail && ::isatty(STDIN_FILENO) != 1)
    throw usage("--shell-on-fail needs a terminal as its standard input");
  if (options.gui && options.interactive)
    throw usage("--gui: the guest's screen has its own keyboard; leave -i out");
  for (const std::string& directory : options.shares) {
    std::error_code none;
    if (!fs::is_directory(directory, none))
      throw usage(fmt::format("--virtiofs: {} is no directory", directory));
  }
  for (const std::string& device : options.devices) {
    if (device.empty()) throw usage("--device: an empty device");
  }
}

void add_medium(vm::BootSpec& spec, const vm::Medium& medium, const BootOptions& options) {
  spec.kernel = medium.kernel;
  spec.initrd = medium.initrd;
  if (medium.kernel.empty() && !options.append.empty())
    throw usage(fmt::format("--cmdline-append: the command line of {} is inside it",
                            medium.image.string()));
  if (!medium.kernel.empty()) {
    for (const char c : options.append + medium.cmdline) {
      if (static_cast<unsigned char>(c) < ' ' && c != '\t')
        throw usage("the kernel's command line must be one line of text");
    }
    spec.cmdline = medium.cmdline + (options.append.empty() ? "" : " " + options.append);
  }
  if (medium.image.empty()) return;
  // ISOs for arches that have UEFI alone have root=/dev/vda, also linuxkit's.
  const bool only_uefi = !spec.arch.bios && !spec.arch.efi.empty();
  const bool as_disk = only_uefi && medium.kernel.empty();
  spec.drives.push_back({.file = medium.image,
                         .format = medium.format,
                         .cdrom = medium.cdrom && !as_disk,
                         .read_only = medium.read_only,
                         .snapshot = options.snapshot && !medium.read_only,
                         .start = medium.kernel.empty()});
  if (!medium.read_only && !options.snapshot && ::access(medium.image.c_str(), W_OK) != 0)
    throw usage(fmt::format("cannot write the disk {}; --snapshot does not write to it",
                            medium.image.string()));
}

void add_disks(vm::BootSpec& spec, const BootOptions& options, vm::State& state,
               const Context& context) {
  std::vector<vm::DiskWish> wishes;
  for (const std::string& text : options.disks) wishes.push_back(vm::parse_disk(text));
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    const vm::DiskWish disk = state.disk(wishes[i], i, process::system_runner(), context.stop);
    spec.drives.push_back({.file = disk.file, .format = disk.format, .snapshot = options.snapshot});
  }
  std::vector<fs::path> files;
  for (const vm::Drive& drive : spec.drives) files.push_back(drive.file);
  vm::check_all_differ(files);
}

void add_data(vm::BootSpec& spec, const BootOptions& options, vm::State& state) {
  std::string data = options.data;
  if (!options.data_file.empty()) {
    vm::check_readable(options.data_file, "metadata");
    if (fs::file_size(options.data_file) > most_data)
      throw usage(
          fmt::format("--data-file {}: more than {} MB", options.data_file, most_data >> 20));
    data = read_file(options.data_file);
  } else if (!options.has_data) {
    return;
  }
  spec.drives.push_back({.file = state.config(data), .cdrom = true, .read_only = true});
}

/// A window needs a server to show it, and a qemu that can.
std::string find_display(const Arch& arch, const Context& context) {
  if (environment("DISPLAY").empty() && environment("WAYLAND_DISPLAY").empty())
    throw Error("--gui: there is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set)",
                ExitCode::host);
  const auto help = process::run_captured(
      process::system_runner(),
      {.argv = {arch.qemu, "-display", "help"}, .timeout = std::chrono::seconds(10)}, context.stop);
  const auto known = text::split_list(help.out, '\n');
  for (const char* display : {"gtk", "sdl"}) {
    if (std::find(known.begin(), known.end(), display) != known.end()) return display;
  }
  throw Error("--gui: this qemu has no display: apt-get install qemu-system-gui", ExitCode::host);
}

vm::Accelerator find_accelerator(const std::string& wanted, const Arch& arch,
                                 const Context& context, std::string& reason) {
  if (wanted == "hvf")
    throw Error("HVF does not work here: it belongs to macOS, and rtfx runs on Linux",
                ExitCode::host);
  if (wanted == "tcg") {
    reason = "asked for";
    return vm::Accelerator::tcg;
  }
  const auto choice = vm::choose_accelerator(arch, process::system_runner(),
                                             context.cache_directory(), context.stop);
  if (wanted == "kvm" && choice.accelerator != vm::Accelerator::kvm)
    throw Error("KVM does not work here: " + choice.reason, ExitCode::host);
  reason = choice.reason;
  return choice.accelerator;
}

void add_verdict(vm::BootSpec& spec, const BootOptions& options) {
  spec.expect = options.expect;
  spec.reject = options.reject;
  for (const std::string& name : options.allow) spec.allow.insert(vm::parse_allowed(name));
  spec.probe = options.probe;
  const bool unlimited = options.interactive || options.gui;
  spec.timeout = from_seconds(unlimited && !options.has_timeout ? 0 : options.timeout);
  spec.silence = from_seconds(unlimited && !options.has_silence ? 0 : options.silence);
  spec.console_log = options.console_log;
  spec.console_times = options.console_times;
  spec.log_limit = static_cast<std::uint64_t>(options.log_limit_mib) << 20;
  if (options.interactive) spec.input = STDIN_FILENO;
  if (options.shell_on_fail) spec.failure_input = STDIN_FILENO;
}

}  // namespace

vm::BootSpec guest_of(const BootOptions& options, const Arch& arch, vm::State& state,
                      const Context& context) {
  vm::BootSpec spec;
  spec.arch = arch;
  if (!options.network.empty()) spec.network = vm::parse_network(options.network);
  for (const std::string& text : options.publish) spec.publish.push_back(vm::parse_publish(text));
  check(options, spec.network);
  add_verdict(spec, options);
  const vm::Medium medium = vm::find_medium(options.image, options.choice());
  if (!medium.note.empty()) fmt::print(stderr, "rtfx: boot: {}\n", medium.note);
  add_medium(spec, medium, options);
  if (!options.qemu.empty()) {
    if (!process::find_program(options.qemu))
      throw usage(fmt::format("--qemu {}: no such program", options.qemu));
    spec.arch.qemu = options.qemu;
  }
  process::require_program(spec.arch.qemu, spec.arch.qemu_package);
  if (options.virtio == "pci") spec.arch.virtio = VirtioBus::pci;
  if (options.virtio == "ccw") spec.arch.virtio = VirtioBus::ccw;
  if (options.virtio == "mmio") spec.arch.virtio = VirtioBus::mmio;
  if (options.uefi || vm::needs_uefi(medium, arch)) {
    if (!medium.kernel.empty() && arch.efi.empty())
      throw usage(fmt::format("guests of {} have no UEFI", arch.name));
    spec.firmware = state.firmware(arch, options.firmware);
  }
  add_disks(spec, options, state, context);
  add_data(spec, options, state);
  spec.cpus = options.cpus;
  spec.memory_mib = options.memory_mib;
  spec.machine = options.machine;
  spec.cpu = options.cpu;
  spec.devices = options.devices;
  if (options.usb && spec.arch.virtio != VirtioBus::pci)
    throw usage(fmt::format("--usb: guests of {} have no PCI bus for it", arch.name));
  spec.usb = options.usb;
  spec.uuid = state.uuid();
  spec.mac = state.mac();
  spec.pid_file = state.pid_file();
  for (const std::string& directory : options.shares)
    spec.shared_directories.emplace_back(directory);
  if (!options.shares.empty()) spec.virtiofsd = vm::find_virtiofsd(options.virtiofsd);
  if (options.gui) spec.display = find_display(spec.arch, context);
  spec.accelerator =
      find_accelerator(options.accelerator, spec.arch, context, spec.accelerator_reason);
  return spec;
}

}  // namespace rtfx::commands
