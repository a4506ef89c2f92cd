// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/rootfs.hpp"

#include "base/text.hpp"
#include "harness/pkg/archive_retry.hpp"
#include "harness/pkg/archive_suites.hpp"
#include "harness/pkg/archive_write.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

/// The word for a POSIX shell.
std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// The path as the URI of a source has it, where blanks end words.
std::string as_uri(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (c == ' ' || c == '%' || c == '[' || c == ']') {
      constexpr const char* digits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', digits[byte >> 4U], digits[byte & 15U]};
    } else {
      out += c;
    }
  }
  return out;
}

/// mmdebstrap and its flags, without the suite and what follows it.
process::Command mmdebstrap(const Package& package, const Arch& arch, std::int64_t timestamp,
                            const fs::path& temporary) {
  const RootfsDependency& rootfs = *package.rootfs;
  process::Command command;
  command.argv = {"mmdebstrap", "--mode=root", "--format=tar", "--arch=" + arch.debian,
                  "--variant=" + rootfs.variant};
  if (!rootfs.include.empty())
    command.argv.push_back("--include=" + text::join(rootfs.include, ","));
  command.env = {{"SOURCE_DATE_EPOCH", std::to_string(timestamp)},
                 {"TMPDIR", temporary.string()},
                 {"LC_ALL", "C.UTF-8"}};
  return command;
}

}  // namespace

void make_rootfs(const Package& package, const Arch& arch, const std::string& mirror,
                 std::int64_t timestamp, const fs::path& target, const fs::path& temporary,
                 const fs::path& cache, const Steps& steps) {
  const RootfsDependency& rootfs = *package.rootfs;
  process::require_program("mmdebstrap", "mmdebstrap");
  if (mirror.empty())
    throw Error("no Debian archive is known; set RTFX_DEBIAN_MIRROR to the address of one",
                ExitCode::host);

  const std::string& suite = rootfs.suites.front();
  const std::string source =
      "deb " + mirror + " " + suite + " " + text::join(rootfs.components, " ");
  std::string from = source;
  process::Command command = mmdebstrap(package, arch, timestamp, temporary);
  // mmdebstrap leaves out the customize hooks when it only extracts; the extract hooks then run
  // last.
  const std::string hook = rootfs.variant == "extract" ? "--extract-hook=" : "--customize-hook=";
  if (rootfs.is_closure()) {
    const fs::path repository = temporary / "packages";
    in_context("fetching the packages of the root filesystem", [&] {
      const ArchiveSuites suites{mirror, rootfs.suites, rootfs.components, arch.debian};
      const Fetched fetched = fetch_packages(cache, suites, {rootfs.include, {}}, steps);
      write_archive(fetched.packages, fetched.source, timestamp, {}, repository);
    });
    from = "deb [trusted=yes] copy:" + as_uri(repository.string()) + " ./";
    // The root filesystem shall say where its packages come from, not where they were for a moment.
    command.argv.push_back(hook + "echo " + quoted(source) + " > \"$1\"/etc/apt/sources.list");
  }
  if (!rootfs.customize.empty())
    command.argv.push_back(hook + "sh " + quoted((package.directory / rootfs.customize).string()) +
                           " \"$1\"");
  command.argv.insert(command.argv.end(), {suite, target.string(), from});
  in_context("making the root filesystem", [&] { run_download(steps, "mmdebstrap", command); });
}

}  // namespace rtfx::pkg
