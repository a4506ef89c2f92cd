// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "fmt/format.h"
#include "harness/vm/boot.hpp"
#include "harness/vm/nameless.hpp"

namespace rtfx::vm {

namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds probe_limit{3000};
/// A guest that hangs inside the kernel keeps qemu from seeing SIGTERM.
constexpr milliseconds probe_grace{200};
constexpr const char* device = "/dev/kvm";

/// What the answer depends on, beside the machine itself.
Json circumstances(const fs::path& qemu) {
  struct stat status {};
  if (::stat(qemu.c_str(), &status) != 0) throw system_error("reading " + qemu.string(), errno);
  return {{"boot_id", std::string(text::trim(read_file("/proc/sys/kernel/random/boot_id")))},
          {"qemu", qemu.string()},
          {"size", status.st_size},
          {"mtime", fmt::format("{}.{:09}", status.st_mtim.tv_sec, status.st_mtim.tv_nsec)}};
}

std::optional<KvmProbe> remembered(const fs::path& file, const Json& asked) {
  std::error_code none;
  if (!fs::exists(file, none)) return std::nullopt;
  const Json known = Json::parse(read_file(file), nullptr, false);
  if (!known.is_object() || known.value("circumstances", Json()) != asked) return std::nullopt;
  if (!known.contains("usable") || !known["usable"].is_boolean()) return std::nullopt;
  if (!known.contains("reason") || !known["reason"].is_string()) return std::nullopt;
  return KvmProbe{known["usable"], known["reason"], true};
}

KvmProbe run_guest(process::Runner& runner, const fs::path& qemu, const Arch& arch,
                   std::stop_token stop) {
  const NamelessFile image = NamelessFile::with(arch.probe->image);
  const process::Command command{
      .argv = probe_command_line(arch, qemu, Accelerator::kvm, image.path()),
      .timeout = probe_limit,
      .grace = probe_grace};
  const auto ran = process::run_captured(runner, command, std::move(stop));
  const double took = std::chrono::duration<double>(ran.outcome.elapsed).count();
  if (ran.outcome.ending == process::Ending::timed_out) return {false, "a guest hung (3 s)"};
  if (ran.outcome.ending == process::Ending::exited &&
      ran.outcome.exit_code == arch.probe->exit_code && ran.out == arch.probe->output) {
    return {true, fmt::format("a guest ran in {:.1f} s", took)};
  }
  const auto lines = text::split_list(ran.err, '\n');
  return {false, fmt::format("a guest failed: {}{}", ran.outcome.str(),
                             lines.empty() ? "" : ": " + text::printable(lines.front()))};
}

}  // namespace

std::vector<std::string> probe_command_line(const Arch& arch, const fs::path& qemu,
                                            Accelerator accelerator, const fs::path& image) {
  const bool kvm = accelerator == Accelerator::kvm;
  std::string machine = arch.machine;
  if (kvm && !arch.kvm_machine.empty()) machine += "," + arch.kvm_machine;
  std::vector<std::string> line = {
      qemu.string(),     "-nodefaults",
      "-no-user-config", "-no-reboot",
      "-display",        "none",
      "-machine",        machine + ",accel=" + accelerator_name(accelerator)};
  if (const std::string cpu = kvm ? "host" : arch.cpu; !cpu.empty())
    line.insert(line.end(), {"-cpu", cpu});
  line.insert(line.end(), {"-m", "64"});
  for (std::string argument : arch.probe->arguments) {
    if (const auto at = argument.find("{}"); at != argument.npos)
      argument.replace(at, 2, image.string());
    line.push_back(argument);
  }
  return line;
}

KvmProbe probe_kvm(process::Runner& runner, const fs::path& cache, std::stop_token stop) {
  const ArchTable table = ArchTable::builtin();
  const std::string host = host_arch(table);
  const std::vector<std::string> known = table.names();
  if (std::find(known.begin(), known.end(), host) == known.end() || !table.find(host).probe)
    return {false, fmt::format("there is no probe for {} hosts", host)};
  const Arch& arch = table.find(host);
  if (::access(device, R_OK | W_OK) != 0) {
    return {false, errno == ENOENT ? fmt::format("no {}", device)
                                   : fmt::format("{}: {}", device, std::strerror(errno))};
  }
  const auto qemu = process::find_program(arch.qemu);
  if (!qemu) return {false, arch.qemu + " is not installed"};

  std::error_code none;
  fs::create_directories(cache, none);
  if (::access(cache.c_str(), W_OK) != 0)
    return run_guest(runner, *qemu, arch, stop);  // it cannot be remembered
  const FileLock lock(cache / "kvm.lock");        // others that start now wait for this answer
  const fs::path file = cache / "kvm.json";
  const Json asked = circumstances(*qemu);
  if (const auto known = remembered(file, asked)) return *known;
  const KvmProbe probe = run_guest(runner, *qemu, arch, stop);
  if (stop.stop_requested()) return {false, "interrupted"};
  const Json answer = {
      {"circumstances", asked}, {"usable", probe.usable}, {"reason", probe.reason}};
  write_file_atomically(file, answer.dump(2) + "\n");
  return probe;
}

AcceleratorChoice choose_accelerator(const Arch& arch, process::Runner& runner,
                                     const fs::path& cache, std::stop_token stop) {
  const std::string host = host_arch(ArchTable::builtin());
  if (arch.name != host)
    return {Accelerator::tcg, fmt::format("{} guest on {} host", arch.name, host)};
  const KvmProbe probe = probe_kvm(runner, cache, std::move(stop));
  return {probe.usable ? Accelerator::kvm : Accelerator::tcg, probe.reason};
}

}  // namespace rtfx::vm
