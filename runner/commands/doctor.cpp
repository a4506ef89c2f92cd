// SPDX-License-Identifier: Apache-2.0
//
// What this host can and cannot do. A check looks at the thing itself where that is cheap: an image is really built, a
// guest really run; a file that exists proves little.
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/kernel/toolchain.hpp"
#include "harness/pkg/build.hpp"
#include "harness/process/process.hpp"
#include "harness/vm/boot.hpp"
#include "runner/commands/command.hpp"
#include "runner/commands/table.hpp"

namespace rtfx::commands {
namespace {

using namespace std::chrono_literals;

enum class Status { ok, degraded, missing };

const char* status_name(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::degraded:
      return "degraded";
    case Status::missing:
      return "missing";
  }
  return "";
}

struct Check {
  std::string name;
  Status status = Status::ok;
  std::string detail{};
  std::string remedy{};  ///< what to do about it; "" when it is ok
  bool needed = true;    ///< by the main job
};

struct Tool {
  std::string program, package;
  std::string purpose{};  ///< of one that the main job does not need
};

/// The program's version as it says, or "".
std::string version_of(const fs::path& program, std::stop_token stop) {
  const auto ran = process::run_captured(
      process::system_runner(), {.argv = {program.string(), "--version"}, .timeout = 10s}, stop);
  std::smatch found;
  const std::string said = ran.out + ran.err;
  return std::regex_search(said, found, std::regex("\\d+(\\.\\d+)+")) ? found.str() : "";
}

Check check_tool(const Tool& tool, std::stop_token stop) {
  Check check{.name = tool.program, .needed = tool.purpose.empty()};
  const std::string only = tool.purpose.empty() ? "" : fmt::format("only {} it", tool.purpose);
  const auto program = process::find_program(tool.program);
  if (!program) {
    check.status = Status::missing;
    check.detail = "not installed" + (only.empty() ? "" : "; " + only);
    check.remedy = "apt-get install " + tool.package;
    return check;
  }
  const std::string version = version_of(*program, stop);
  check.detail = version.empty() ? program->string() : version;
  return check;
}

/// A file that is no program and that the main job does not need.
Check check_file(const std::string& name, const fs::path& file, const std::string& package,
                 const std::string& purpose) {
  Check check{.name = name, .detail = file.string(), .needed = false};
  if (!fs::exists(file)) {
    check.status = Status::missing;
    check.detail = fmt::format("not installed; only {} it", purpose);
    check.remedy = "apt-get install " + package;
  }
  return check;
}

constexpr const char* probe_ref = "rtfx/doctor:probe";

/// Builds an image of one file with the builder that packages use.
Check check_builder(const Arch& host, const fs::path& cache, std::stop_token stop) {
  Check check{.name = "builder"};
  try {
    fs::create_directories(cache);
    const TemporaryDirectory directory("doctor-", cache);
    const fs::path source = directory.path() / "package";
    write_file_atomically(source / "Dockerfile", "FROM scratch\nCOPY file /file\n");
    write_file_atomically(source / "file", "rtfx\n");
    pkg::PlannedPackage planned;
    planned.package.directory = source;
    planned.package.image = "doctor";
    planned.ref = probe_ref;
    oci::Store store(directory.path() / "store");
    const ArchTable table = ArchTable::builtin();
    const pkg::BuildEnvironment environment{.runner = process::system_runner(),
                                            .store = store,
                                            .arches = table,
                                            .scratch = directory.path() / "scratch",
                                            .debian_mirror = "none",
                                            .timeout = 60s};
    const auto built = pkg::build_package(
        planned, host, environment, {.force = true}, [](std::string_view) {}, stop);
    check.detail = fmt::format("built an image in {:.1f} s",
                               std::chrono::duration<double>(built.elapsed).count());
  } catch (const std::exception& error) {
    check.status = Status::missing;
    const auto lines = text::split_list(error.what(), '\n');
    const std::string prefix = fmt::format("{} for {}: ", probe_ref, host.name);
    check.detail = lines.empty() ? "" : lines.front();
    if (check.detail.starts_with(prefix)) check.detail.erase(0, prefix.size());
  }
  return check;
}

Check check_archive() {
  Check check{.name = "Debian archive"};
  try {
    const std::string address = pkg::debian_mirror(process::system_runner());
    // What stands before an @ is a password.
    const auto host = address.find("://");
    const auto at = address.find('@');
    const bool secret =
        host != address.npos && at != address.npos && at < address.find('/', host + 3);
    check.detail = secret ? address.substr(0, host + 3) + address.substr(at + 1) : address;
  } catch (const Error& error) {
    check.status = Status::missing;
    check.detail = error.what();
  }
  return check;
}

Check check_namespaces(std::stop_token stop) {
  Check check{.name = "namespaces"};
  if (!process::find_program("unshare")) {
    check.status = Status::missing;
    check.detail = "without unshare not to be had";
    check.remedy = "apt-get install util-linux";
    return check;
  }
  const auto ran = process::run_captured(
      process::system_runner(),
      {.argv = {"unshare", "--mount", "--net", "sh", "-c", "mount --bind / /mnt"}, .timeout = 10s},
      stop);
  if (ran.outcome.ok()) {
    check.detail = "mount and network";
    return check;
  }
  const auto lines = text::split_list(ran.err, '\n');
  check.status = Status::missing;
  check.detail = lines.empty() ? ran.outcome.str() : lines.back();
  check.remedy =
      "run as root; in a container, one that may mount and unshare; in a chroot, one whose root is "
      "a mount point";
  return check;
}

Check check_cgroups() {
  const fs::path root = "/sys/fs/cgroup";
  Check check{.name = "cgroups", .needed = false};
  if (fs::exists(root / "cgroup.controllers")) {
    check.detail = "v2";
  } else if (fs::exists(root / "unified/cgroup.controllers")) {
    check.detail = "v1, with a v2 tree beside it";
  } else if (fs::exists(root / "memory")) {
    check.detail = "v1";
  } else {
    check.status = Status::degraded;
    check.detail = "not mounted; builders of some Dockerfiles want them";
    check.remedy = "mount -t cgroup2 none /sys/fs/cgroup";
  }
  return check;
}

/// Children are supervised with pidfds and close_range(2) with CLOSE_RANGE_CLOEXEC.
Check check_kernel() {
  utsname system{};
  ::uname(&system);
  int major = 0, minor = 0;
  std::sscanf(system.release, "%d.%d", &major, &minor);
  Check check{.name = "kernel", .detail = fmt::format("{} {}", system.release, system.machine)};
  if (major < 5 || (major == 5 && minor < 11)) {
    check.status = Status::missing;
    check.remedy = "Linux 5.11 or later is needed";
  }
  return check;
}

Check check_memory() {
  Check check{.name = "memory"};
  std::ifstream file("/proc/meminfo");
  long kilobytes = 0;
  for (std::string line; std::getline(file, line);) {
    if (std::sscanf(line.c_str(), "MemAvailable: %ld kB", &kilobytes) == 1) break;
  }
  check.detail = fmt::format("{:.1f} GiB available", static_cast<double>(kilobytes) / (1 << 20));
  if (kilobytes < 2 << 20) {
    check.status = Status::degraded;
    check.remedy = "guests take 0.5 GiB each: run fewer at once with --jobs 1";
  }
  return check;
}

Check check_disk(const fs::path& cache) {
  Check check{.name = "disk"};
  fs::path existing = cache;
  std::error_code none;
  while (!fs::exists(existing, none) && existing.has_relative_path())
    existing = existing.parent_path();
  struct statvfs status {};
  if (::statvfs(existing.c_str(), &status) != 0)
    throw system_error("looking at " + existing.string(), errno);
  const double free =
      static_cast<double>(status.f_bavail) * static_cast<double>(status.f_frsize) / (1 << 30);
  check.detail = fmt::format("{:.1f} GiB free for the cache, {}", free, cache.string());
  if (::access(existing.c_str(), W_OK) != 0) {
    check.status = Status::missing;
    check.detail = fmt::format("{} for the cache: {}", existing.string(), std::strerror(errno));
  } else if (free < 1) {
    check.status = Status::missing;
  } else if (free < 5) {
    check.status = Status::degraded;
  }
  if (check.status != Status::ok)
    check.remedy = "make room, or put the cache elsewhere with --cache";
  return check;
}

Check check_kvm(const Arch& host, const fs::path& cache, std::stop_token stop) {
  Check check{.name = "kvm", .needed = false};
  const auto choice = vm::choose_accelerator(host, process::system_runner(), cache, stop);
  check.detail = choice.reason;
  if (choice.accelerator != vm::Accelerator::kvm) {
    check.status = Status::degraded;
    check.detail += fmt::format("; guests of {} run under TCG, slower", host.name);
  }
  return check;
}

/// What the kernels of a project are compiled with; its releases may do with kernels that are built elsewhere.
std::vector<Tool> kernel_tools(const std::vector<Arch>& arches) {
  utsname host{};
  ::uname(&host);
  std::vector<Tool> tools;
  std::set<std::string> named;
  for (const Arch& arch : arches) {
    for (const kernel::NeededProgram& program : kernel::needed_programs(arch, host.machine)) {
      if (named.insert(program.name).second)
        tools.push_back({program.name, program.package, "kernels from source need"});
    }
  }
  return tools;
}

/// qemu of every arch; those of candidates are not needed.
std::vector<Tool> emulators(const std::optional<runner::Project>& project, const Context& context) {
  std::vector<Arch> rows;
  std::set<std::string> first_class;
  if (!context.arch.empty() || !project) {
    Context all = context;
    if (all.arch.empty()) all.arch = "all";
    rows = all.target_arches(project);
    for (const Arch& row : rows) first_class.insert(row.name);
  } else {
    rows = project->all_arch_rows();
    for (const Arch& row : project->arch_rows(true)) first_class.insert(row.name);
  }
  std::vector<Tool> tools;
  for (const Arch& row : rows) {
    tools.push_back({row.qemu, row.qemu_package,
                     first_class.contains(row.name) ? "" : row.name + ", a candidate, needs"});
  }
  return tools;
}

std::vector<Check> examine(const Context& context) {
  const auto project = context.project();
  const ArchTable table = ArchTable::builtin();
  const fs::path cache = context.cache_directory();
  std::vector<Check> checks = {check_kernel()};
  std::vector<Tool> tools = {
      {"buildah", "buildah"},    {"mmdebstrap", "mmdebstrap"}, {"gpg", "gpg"}, {"skopeo", "skopeo"},
      {"unshare", "util-linux"}, {"mount", "mount"},           {"git", "git"}, {"jq", "jq"}};
  for (Tool& tool : emulators(project, context)) tools.push_back(std::move(tool));
  tools.push_back({"docker-registry", "docker-registry", "ci/test needs"});
  tools.push_back({"xmllint", "libxml2-utils", "ci/test needs"});
  tools.push_back({"syslinux", "syslinux", "disks for a BIOS need"});
  tools.push_back({"mcopy", "mtools", "disks for a BIOS need"});
  tools.push_back({"qemu-img", "qemu-utils", "the formats qcow2, vhd and vmdk need"});
  const bool kernels = project && !project->kernels.empty();
  if (kernels) {
    const auto arches =
        context.arch.empty() ? project->all_arch_rows() : context.target_arches(project);
    for (Tool& tool : kernel_tools(arches)) tools.push_back(std::move(tool));
  }
  for (const Tool& tool : tools) checks.push_back(check_tool(tool, context.stop));
  checks.push_back(check_file("sqfstar", "/usr/bin/sqfstar", "squashfs-tools",
                              "the format kernel+squashfs needs"));
  checks.push_back(check_file("mbr.bin", "/usr/lib/syslinux/mbr/mbr.bin", "syslinux-common",
                              "disks for a BIOS need"));
  checks.push_back(check_file("isolinux.bin", "/usr/lib/ISOLINUX/isolinux.bin", "isolinux",
                              "the format iso-bios needs"));
  if (kernels) {
    checks.push_back(
        check_file("gelf.h", "/usr/include/gelf.h", "libelf-dev", "kernels from source need"));
    checks.push_back(check_file("openssl/evp.h", "/usr/include/openssl/evp.h", "libssl-dev",
                                "kernels from source need"));
  }

  const std::string host = host_arch(table);
  checks.push_back(check_namespaces(context.stop));
  checks.push_back(check_builder(table.find(host), cache, context.stop));
  checks.push_back(check_archive());
  checks.push_back(check_kvm(table.find(host), cache, context.stop));
  checks.push_back(check_cgroups());
  checks.push_back(check_memory());
  checks.push_back(check_disk(cache));
  if (context.stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
  return checks;
}

void print_table(const std::vector<Check>& checks) {
  const bool colour = use_colour(STDOUT_FILENO);
  std::size_t width = 0;
  for (const Check& check : checks) width = std::max(width, check.name.size());
  for (const Check& check : checks) {
    std::string status = fmt::format("{:<8}", status_name(check.status));
    if (colour)
      status = coloured(status, check.status == Status::ok         ? "32"
                                : check.status == Status::degraded ? "33"
                                                                   : "31");
    const std::string remedy = check.remedy.empty() ? "" : ": " + check.remedy;
    print(fmt::format("{}  {:<{}}  {}{}\n", status, check.name, width,
                      text::printable(check.detail), remedy));
  }
}

void print_json(const std::vector<Check>& checks, bool ready) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Check& check : checks) {
    list.push_back({{"name", check.name},
                    {"status", status_name(check.status)},
                    {"detail", text::printable(check.detail)},
                    {"remedy", check.remedy},
                    {"needed", check.needed}});
  }
  print(nlohmann::ordered_json{{"ready", ready}, {"checks", list}}.dump(2) + "\n");
}

int doctor(bool json, const Context& context) {
  const auto checks = examine(context);
  std::vector<std::string> lacking;
  for (const Check& check : checks) {
    if (check.needed && check.status == Status::missing) lacking.push_back(check.name);
  }
  if (json) {
    print_json(checks, lacking.empty());
  } else {
    print_table(checks);
    print(lacking.empty()
              ? "This host has everything that the main job needs.\n"
              : fmt::format("The main job cannot run here: {}.\n", text::join(lacking, ", ")));
  }
  return static_cast<int>(lacking.empty() ? ExitCode::ok : ExitCode::host);
}

}  // namespace

void add_doctor(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("doctor", "what this host can and cannot do");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "print JSON");
  command->callback(
      [json, &context] { context.action = [json, &context] { return doctor(*json, context); }; });
}

}  // namespace rtfx::commands
