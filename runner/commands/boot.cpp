// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/vm/boot.hpp"
#include "runner/commands/command.hpp"

namespace rtfx::commands {
namespace {

constexpr double longest_seconds = 30 * 24 * 3600;

struct Options {
  std::string prefix;
  int cpus = 1;
  int memory_mib = 512;
  std::string append;
  std::vector<std::string> expect, reject, publish;
  double timeout = 120, silence = 60;
  std::string probe, console_log;
  std::string accelerator = "auto";
  bool json = false;
};

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

std::chrono::milliseconds from_seconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

/// The images beside PREFIX that `rtfx build` may have written there.
std::vector<std::string> images_beside(const fs::path& prefix) {
  std::vector<std::string> found;
  const fs::path directory = prefix.has_parent_path() ? prefix.parent_path() : fs::path(".");
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(directory, none)) {
    const std::string name = entry.path().filename().string();
    constexpr std::string_view suffix = "-kernel";
    if (!name.ends_with(suffix)) continue;
    found.push_back((prefix.parent_path() / name.substr(0, name.size() - suffix.size())).string());
  }
  return found;
}

/// PREFIX-kernel, PREFIX-initrd.img and PREFIX-cmdline, as `rtfx build` writes them; the last only when there is one.
void find_image(const fs::path& prefix, vm::BootSpec& spec) {
  const auto part = [&prefix](const char* suffix) { return fs::path(prefix.string() + suffix); };
  std::vector<std::string> missing;
  for (const char* suffix : {"-kernel", "-initrd.img"}) {
    if (!fs::exists(part(suffix))) missing.push_back(part(suffix).string());
  }
  if (!missing.empty()) {
    const std::string hint = text::did_you_mean(prefix.string(), images_beside(prefix));
    throw Error(
        fmt::format("no image \"{}\": missing {}{}", prefix.string(), text::join(missing, ", "),
                    hint.empty() ? "; rtfx build --format kernel+initrd writes it" : hint),
        ExitCode::usage);
  }
  spec.kernel = part("-kernel");
  spec.initrd = part("-initrd.img");
  if (fs::exists(part("-cmdline"))) spec.cmdline = read_file(part("-cmdline"));
}

Arch one_arch(const Context& context) {
  const auto arches = context.target_arches(context.project());
  if (arches.size() != 1)
    throw Error("boot starts one guest: give --arch one arch", ExitCode::usage);
  return arches.front();
}

vm::AcceleratorChoice choose_accelerator(const std::string& wanted, const Arch& arch,
                                         const Context& context) {
  if (wanted == "tcg") return {vm::Accelerator::tcg, "asked for"};
  auto choice = vm::choose_accelerator(arch, process::system_runner(), context.cache_directory(),
                                       context.stop);
  if (wanted == "kvm" && choice.accelerator != vm::Accelerator::kvm) {
    throw Error("KVM does not work here: " + choice.reason, ExitCode::host);
  }
  return choice;
}

vm::BootSpec spec_of(const Options& options, const Context& context) {
  vm::BootSpec spec;
  spec.arch = one_arch(context);
  find_image(options.prefix, spec);
  spec.cmdline += " " + options.append;
  spec.cpus = options.cpus;
  spec.memory_mib = options.memory_mib;
  for (const std::string& text : options.publish) spec.publish.push_back(vm::parse_publish(text));
  spec.expect = options.expect;
  spec.reject = options.reject;
  spec.probe = options.probe;
  spec.timeout = from_seconds(options.timeout);
  spec.silence = from_seconds(options.silence);
  spec.console_log = options.console_log;
  spec.on_publish = [](const std::vector<vm::Publish>& ports) {
    for (const vm::Publish& port : ports) {
      fmt::print(stderr, "rtfx: boot: 127.0.0.1:{} is port {}/{} of the guest\n", port.host,
                 port.guest, port.protocol);
    }
  };
  return spec;
}

void print_verdict(const vm::BootOutcome& outcome) {
  const double seconds = std::chrono::duration<double>(outcome.elapsed).count();
  const std::string when =
      fmt::format("after {:.1f} s ({})", seconds, vm::accelerator_name(outcome.accelerator));
  if (outcome.ok) {
    fmt::print(stderr, "rtfx: boot: ok {}: {}\n", when, outcome.message);
    return;
  }
  fmt::print(stderr, "rtfx: boot: failed: {} {}: {}\n", vm::boot_ending_name(outcome.ending), when,
             outcome.message);
  if (outcome.ending == vm::BootEnding::cancelled) return;
  if (outcome.last_lines.empty()) {
    fmt::print(stderr, "rtfx: boot: the console stayed empty\n");
    return;
  }
  fmt::print(stderr, "rtfx: boot: the last lines of the console:\n");
  for (const std::string& line : outcome.last_lines) fmt::print(stderr, "    {}\n", line);
}

void print_json(const vm::BootOutcome& outcome, const Arch& arch,
                const std::string& accelerator_reason) {
  nlohmann::ordered_json ports = nlohmann::ordered_json::array();
  for (const vm::Publish& port : outcome.published) {
    ports.push_back({{"host", port.host}, {"guest", port.guest}, {"protocol", port.protocol}});
  }
  const nlohmann::ordered_json json = {
      {"ok", outcome.ok},
      {"ending", vm::boot_ending_name(outcome.ending)},
      {"message", outcome.message},
      {"arch", arch.name},
      {"accelerator", vm::accelerator_name(outcome.accelerator)},
      {"accelerator_reason", accelerator_reason},
      {"seconds", std::chrono::duration<double>(outcome.elapsed).count()},
      {"publish", ports},
      {"last_lines", outcome.last_lines}};
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

int boot(const Options& options, const Context& context) {
  vm::BootSpec spec = spec_of(options, context);
  const auto choice = choose_accelerator(options.accelerator, spec.arch, context);
  spec.accelerator = choice.accelerator;
  if (context.verbosity > 0) {
    fmt::print(stderr, "rtfx: boot: {} ({})\n", vm::accelerator_name(choice.accelerator),
               choice.reason);
  }
  char last = '\n';
  const auto console = [&options, &last](std::string_view bytes) {
    if (options.json || bytes.empty()) return;
    write_all(STDOUT_FILENO, bytes, "standard output");
    last = bytes.back();
  };
  const auto outcome = vm::boot(spec, process::system_runner(), console, context.stop);
  if (last != '\n')
    write_all(STDOUT_FILENO, "\n",
              "standard output");  // the verdict starts a line, on a terminal too
  if (options.json) print_json(outcome, spec.arch, choice.reason);
  print_verdict(outcome);
  if (outcome.ending == vm::BootEnding::cancelled) return static_cast<int>(ExitCode::interrupted);
  return static_cast<int>(outcome.ok ? ExitCode::ok : ExitCode::failed);
}

}  // namespace

void add_boot(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("boot", "boot an image under qemu and judge what it does");
  auto options = std::make_shared<Options>();
  command
      ->add_option("PREFIX", options->prefix,
                   "the image: PREFIX-kernel, PREFIX-initrd.img and PREFIX-cmdline")
      ->required();
  command->add_option("--cpus", options->cpus, "processors")
      ->check(CLI::Range(1, 512))
      ->capture_default_str();
  command->add_option("--mem", options->memory_mib, "memory")
      ->check(CLI::Range(16, 1 << 24))
      ->type_name("MB")
      ->capture_default_str();
  command->add_option("--cmdline-append", options->append,
                      "further words for the kernel's command line");
  const auto list = [command](const char* flag, std::vector<std::string>& values, const char* type,
                              const char* help) {
    command->add_option(flag, values, help)->type_name(type)->allow_extra_args(false);
  };
  list("--expect", options->expect, "REGEX",
       "succeed when console lines have matched every one, in this order");
  list("--reject", options->reject, "REGEX", "fail when a console line matches");
  list("--publish", options->publish, "[HOST]:GUEST[/PROTO]",
       "forward a port of 127.0.0.1; without HOST a free one");
  command->add_option("--timeout", options->timeout, "limit for everything")
      ->check(seconds_from(0.001))
      ->type_name("SEC")
      ->capture_default_str();
  command->add_option("--silence", options->silence, "longest time without console output; 0: any")
      ->check(seconds_from(0))
      ->type_name("SEC")
      ->capture_default_str();
  command->add_option("--probe", options->probe,
                      "shell command that must succeed on the host after the last expect; ports "
                      "are in RTFX_PORT_<guest port>");
  command->add_option("--console-log", options->console_log, "write the console's bytes there too")
      ->type_name("FILE");
  command->add_option("--accel", options->accelerator, "kvm only when a guest really runs")
      ->check(CLI::IsMember({"tcg", "kvm", "auto"}))
      ->capture_default_str();
  command->add_flag("--json", options->json,
                    "print the verdict as JSON on standard output, instead of the console");
  command->callback([options, &context] {
    context.action = [options, &context] { return boot(*options, context); };
  });
}

}  // namespace rtfx::commands
