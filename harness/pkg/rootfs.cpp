// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/rootfs.hpp"

#include "base/text.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

/// The word for a POSIX shell.
std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

void make_rootfs(const Package& package, const Arch& arch, const std::string& mirror,
                 std::int64_t timestamp, const fs::path& target, const fs::path& temporary,
                 const Steps& steps) {
  const RootfsDependency& rootfs = *package.rootfs;
  process::require_program("mmdebstrap", "mmdebstrap");
  if (mirror.empty())
    throw Error("no Debian archive is known; set RTFX_DEBIAN_MIRROR to the address of one",
                ExitCode::host);

  process::Command command;
  command.argv = {"mmdebstrap", "--mode=root", "--format=tar", "--arch=" + arch.debian,
                  "--variant=" + rootfs.variant};
  if (!rootfs.include.empty())
    command.argv.push_back("--include=" + text::join(rootfs.include, ","));
  if (!rootfs.customize.empty()) {
    // mmdebstrap leaves out the customize hooks when it only extracts; the extract hooks then run
    // last.
    const std::string hook = rootfs.variant == "extract" ? "--extract-hook=" : "--customize-hook=";
    command.argv.push_back(hook + "sh " + quoted((package.directory / rootfs.customize).string()) +
                           " \"$1\"");
  }
  command.argv.insert(command.argv.end(), {rootfs.suite, target.string(),
                                           "deb " + mirror + " " + rootfs.suite + " " +
                                               text::join(rootfs.components, " ")});
  command.env = {{"SOURCE_DATE_EPOCH", std::to_string(timestamp)},
                 {"TMPDIR", temporary.string()},
                 {"LC_ALL", "C.UTF-8"}};
  in_context("making the root filesystem", [&] { steps.run("mmdebstrap", command); });
}

}  // namespace rtfx::pkg
