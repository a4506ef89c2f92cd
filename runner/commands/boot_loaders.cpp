// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/boot_loaders.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/pkg/archive.hpp"
#include "harness/pkg/build.hpp"

namespace rtfx::commands {

namespace {

/// The release that has every arch of ours, the same as packages are made from.
constexpr const char* suite = "trixie";

/// Unpacks one file of a package; others of the same name see all of it or nothing.
void unpack(const std::filesystem::path& package, const std::filesystem::path& file,
            const std::filesystem::path& target, const pkg::Steps& steps) {
  std::filesystem::create_directories(target.parent_path());
  const TemporaryDirectory directory("new", target.parent_path());
  process::Command command;
  command.argv = {"dpkg-deb", "--extract", package.string(), directory.path().string()};
  steps.run("dpkg-deb", command);
  const std::filesystem::path unpacked = directory.path() / file.relative_path();
  if (!std::filesystem::is_regular_file(unpacked))
    throw Error(package.filename().string() + " has no " + file.string());
  std::filesystem::rename(unpacked, target);
}

}  // namespace

std::filesystem::path find_boot_loader(const Arch& arch, const std::string& debian_package,
                                       const std::filesystem::path& file,
                                       const std::filesystem::path& cache, std::stop_token stop) {
  if (std::filesystem::is_regular_file(file)) return file;
  const std::filesystem::path target =
      cache / "boot-loaders" / (std::string(suite) + "-" + arch.debian) / file.filename();
  if (std::filesystem::is_regular_file(target)) return target;
  try {
    const pkg::Log log = [](std::string_view) {};
    const pkg::Steps steps{process::system_runner(), log, stop,
                           std::chrono::steady_clock::now() + std::chrono::minutes(5)};
    const std::string mirror = pkg::debian_mirror(steps.runner);
    pkg::Archive archive(cache / "debs", {mirror, suite, {"main"}, arch.debian}, steps);
    const auto packages = archive.fetch({{debian_package}, {}});
    for (const pkg::ArchivePackage& package : packages) {
      if (package.name == debian_package) unpack(package.path, file, target, steps);
    }
    if (!std::filesystem::is_regular_file(target)) throw Error("the archive has no such package");
    return target;
  } catch (const Error& error) {
    if (error.code() == ExitCode::interrupted) throw;
    throw Error("the boot loader " + file.string() + " for " + arch.name +
                    " is not on this host (apt-get install " + debian_package +
                    ") and could not be fetched: " + error.what(),
                ExitCode::host);
  }
}

}  // namespace rtfx::commands
