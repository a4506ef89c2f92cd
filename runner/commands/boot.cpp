// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/error.hpp"
#include "harness/process/interrupt.hpp"
#include "harness/vm/boot.hpp"
#include "harness/vm/console_input.hpp"
#include "runner/commands/boot_guest.hpp"
#include "runner/commands/boot_options.hpp"
#include "runner/commands/boot_report.hpp"
#include "runner/commands/command.hpp"

namespace rtfx::commands {
namespace {

/// linuxkit names them as uname does: that is understood too.
Arch one_arch(Context context) {
  const ArchTable known = ArchTable::builtin();
  if (const Arch* row = known.find_uname(context.arch)) context.arch = row->name;
  const auto arches = context.target_arches(context.project());
  if (arches.size() != 1)
    throw Error("boot starts one guest: give --arch one arch", ExitCode::usage);
  return arches.front();
}

void tell_ports(const std::vector<vm::Publish>& ports) {
  for (const vm::Publish& port : ports) {
    fmt::print(stderr, "rtfx: boot: 127.0.0.1:{} is port {}/{} of the guest\n", port.host,
               port.guest, port.protocol);
  }
}

std::string quoted(const std::string& word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+.,/:@%";
  if (!word.empty() && word.find_first_not_of(plain) == word.npos) return word;
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

/// What would be run, without the connection to rtfx: the guest starts at once.
int print_command(const vm::BootSpec& spec, const BootOptions& options) {
  const auto unprintable = [](const char* what) {
    return Error(fmt::format("--print-command: {}", what), ExitCode::usage);
  };
  if (!spec.shared_directories.empty())
    throw unprintable("--virtiofs needs the servers that boot starts");
  for (const vm::Publish& port : spec.publish) {
    if (port.host == 0) throw unprintable("--publish needs a port of the host");
  }
  for (const vm::Drive& drive : spec.drives) {
    if (options.state.empty() && drive.file.native().starts_with("/proc/"))
      throw unprintable("what boot makes for the guest needs --state");
  }
  std::string line;
  for (const std::string& word : vm::qemu_command_line(spec, ""))
    line += (line.empty() ? "" : " ") + quoted(word);
  fmt::print("{}\n", line);
  return static_cast<int>(ExitCode::ok);
}

int boot(const BootOptions& options, const Context& context) {
  vm::State state(options.state);
  vm::BootSpec spec = guest_of(options, one_arch(context), state, context);
  if (options.print_command) return print_command(spec, options);
  for (vm::Drive& drive : spec.drives)
    drive = state.forgetful(std::move(drive), process::system_runner(), context.stop);
  if (spec.firmware) spec.firmware = state.forgetful(*spec.firmware);
  if (context.verbosity > 0) {
    fmt::print(stderr, "rtfx: boot: {} ({})\n", vm::accelerator_name(spec.accelerator),
               spec.accelerator_reason);
  }
  spec.on_publish = tell_ports;
  ConsolePrinter console(options.json, options.interactive, context.stop);
  spec.on_failure_input = [&console](const std::string& why) {
    console.hand_over();
    fmt::print(stderr,
               "\r\nrtfx: boot: failed: {}\r\nrtfx: boot: the console is yours; Ctrl-A x ends the "
               "guest\r\n",
               why);
  };
  process::at_sudden_end(vm::restore_console_terminal);
  const auto outcome = vm::boot(
      spec, process::system_runner(), [&console](std::string_view bytes) { console.print(bytes); },
      context.stop);
  console.finish();
  if (options.json) print_verdict_as_json(outcome, spec);
  print_verdict(outcome);
  if (outcome.ok) return static_cast<int>(ExitCode::ok);
  if (outcome.ending == vm::BootEnding::cancelled) return static_cast<int>(ExitCode::interrupted);
  return static_cast<int>(ExitCode::failed);
}

}  // namespace

void add_boot(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("boot", "boot an image under qemu and judge what it does");
  auto options = std::make_shared<BootOptions>();
  add_boot_options(*command, *options);
  command->callback([options, &context] {
    context.action = [options, &context] { return boot(*options, context); };
  });
}

}  // namespace rtfx::commands
