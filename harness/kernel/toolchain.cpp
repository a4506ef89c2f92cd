// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/toolchain.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::kernel {

namespace {

/// How Debian ends the names of an arch's cross tools: "x86_64-linux-gnu-" -> "-x86-64-linux-gnu"; "" for those of the host.
std::string package_suffix(const std::string& prefix) {
  if (prefix.empty()) return "";
  std::string suffix = "-" + prefix.substr(0, prefix.size() - 1);
  std::replace(suffix.begin(), suffix.end(), '_', '-');
  return suffix;
}

std::string identity_of(const std::string& compiler, process::Runner& runner) {
  process::Command command;
  command.argv = {compiler, "--version"};
  command.env = {{"LC_ALL", "C.UTF-8"}};
  command.timeout = std::chrono::seconds(30);
  const process::Captured said = process::run_captured(runner, command);
  if (!said.outcome.ok())
    throw Error(compiler + " --version: " + said.outcome.str() + "\n" + said.err, ExitCode::host);
  return text::split(said.out, '\n').front();
}

/// CROSS_COMPILE.
std::string prefix_of(const Arch& arch, const std::string& host_uname) {
  return arch.uname == host_uname ? "" : arch.cross_prefix;
}

}  // namespace

std::vector<NeededProgram> needed_programs(const Arch& arch, const std::string& host_uname) {
  const std::string prefix = prefix_of(arch, host_uname), suffix = package_suffix(prefix);
  std::vector<NeededProgram> programs{
      {"make", "make"},   {"gcc", "gcc"},     {"flex", "flex"},
      {"bison", "bison"}, {"bc", "bc"},       {"perl", "perl"},
      {"depmod", "kmod"}, {"xz", "xz-utils"}, {"objcopy", "binutils"}};
  if (!prefix.empty()) programs.push_back({prefix + "gcc", "gcc" + suffix});
  programs.push_back({prefix + "ld", "binutils" + suffix});
  return programs;
}

Toolchain find_toolchain(const Arch& arch, const std::string& host_uname, bool caching,
                         process::Runner& runner) {
  Toolchain tools;
  tools.arch = arch.kernel_arch;
  tools.prefix = prefix_of(arch, host_uname);
  for (const NeededProgram& program : needed_programs(arch, host_uname))
    process::require_program(program.name, program.package);
  const bool cached = caching && process::find_program("ccache").has_value();
  tools.compiler = (cached ? "ccache " : "") + tools.prefix + "gcc";
  tools.host_compiler = cached ? "ccache gcc" : "gcc";
  tools.identity = identity_of(tools.prefix + "gcc", runner);
  return tools;
}

process::Command make_command(const Toolchain& tools, const fs::path& source,
                              const fs::path& objects, const std::vector<std::string>& targets) {
  process::Command command;
  command.argv = {"make",
                  "-C",
                  source.string(),
                  "O=" + objects.string(),
                  "ARCH=" + tools.arch,
                  "CROSS_COMPILE=" + tools.prefix,
                  "CC=" + tools.compiler,
                  "HOSTCC=" + tools.host_compiler};
  command.argv.insert(command.argv.end(), targets.begin(), targets.end());
  command.clear_env = true;
  command.env = {{"LC_ALL", "C.UTF-8"}};
  // A build below /sbin's back finds no depmod.
  command.env["PATH"] = environment("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin";
  for (const char* name : {"HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "CCACHE_DIR",
                           "CCACHE_CONFIGPATH", "CCACHE_MAXSIZE", "CCACHE_DISABLE"}) {
    if (const std::string value = environment(name); !value.empty()) command.env[name] = value;
  }
  return command;
}

}  // namespace rtfx::kernel
