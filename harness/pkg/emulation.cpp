// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/emulation.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

/// "qemu-system-aarch64" -> "qemu-aarch64": the same qemu for single programs.
std::string user_emulator(const Arch& arch) {
  constexpr std::string_view system = "qemu-system-";
  return arch.qemu.starts_with(system) ? "qemu-" + arch.qemu.substr(system.size())
                                       : "qemu-" + arch.uname;
}

/// Whether the handler is switched on and kept open for containers.
bool serves_containers(const fs::path& handler) {
  const auto lines = text::split(read_file(handler), '\n');
  const auto flags = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("flags:");
  });
  return !lines.empty() && lines.front() == "enabled" && flags != lines.end() &&
         flags->find('F') != std::string::npos;
}

}  // namespace

std::string to_string(BuildKind kind) {
  switch (kind) {
    case BuildKind::native:
      return "native";
    case BuildKind::cross:
      return "cross";
    case BuildKind::emulated:
      return "emulated";
  }
  return "";
}

BuildKind kind_of_build(const std::string& arch, const std::string& builder_arch,
                        const std::set<std::string>& run_arches) {
  if (std::any_of(run_arches.begin(), run_arches.end(),
                  [&](const std::string& run) { return run != builder_arch; }))
    return BuildKind::emulated;
  return arch == builder_arch ? BuildKind::native : BuildKind::cross;
}

void require_emulator(const Arch& arch, const fs::path& binfmt_misc) {
  const std::string emulator = user_emulator(arch);
  std::error_code error;
  if (fs::exists(binfmt_misc / emulator, error) && serves_containers(binfmt_misc / emulator))
    return;
  throw Error("RUN starts " + arch.name +
                  " programs, and this host has no emulator registered for them; register one: "
                  "apt-get install qemu-user-static && "
                  "{ mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc "
                  "/proc/sys/fs/binfmt_misc; } && "
                  "cat /usr/lib/binfmt.d/" +
                  emulator +
                  ".conf > /proc/sys/fs/binfmt_misc/register. Or build across: FROM "
                  "--platform=$BUILDPLATFORM for the "
                  "stages that RUN",
              ExitCode::host);
}

}  // namespace rtfx::pkg
