// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/pkg/build.hpp"

namespace rtfx::pkg {

namespace {

/// Builds read the archive from inside a container, so files and optical discs of the host are no
/// help.
bool is_remote(const std::string& uri) {
  return uri.starts_with("http://") || uri.starts_with("https://");
}

std::string without_slash(std::string uri) {
  while (uri.ends_with("/")) uri.pop_back();
  return uri;
}

/// What apt-get prints for a question about its configuration; it needs no network for these.
std::vector<std::string> ask_apt(process::Runner& runner,
                                 const std::vector<std::string>& arguments) {
  process::Command command;
  command.argv = {"apt-get"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.timeout = std::chrono::seconds(30);
  const process::Captured captured = process::run_captured(runner, command);
  if (!captured.outcome.ok())
    throw Error("apt-get " + arguments.front() + ": " + captured.outcome.str() + ": " +
                    std::string(text::trim(captured.err)),
                ExitCode::host);
  return text::split(captured.out, '\n');
}

/// From the indexes that apt has fetched, which say whose they are.
std::optional<std::string> from_indexes(process::Runner& runner) {
  for (const std::string& line :
       ask_apt(runner, {"indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)"})) {
    const auto fields = text::split(line, '|');
    if (fields.size() == 3 && fields[0] == "Debian" && fields[1] == "Debian" &&
        is_remote(fields[2]))
      return without_slash(fields[2]);
  }
  return std::nullopt;
}

/// From a configuration whose indexes were never fetched: 'URI/dists/SUITE/InRelease' ... The usual
/// shape of an address tells Debian's own archive from others, and the suite's name the main
/// pocket.
std::optional<std::string> from_configuration(process::Runner& runner) {
  for (const std::string& line : ask_apt(runner, {"update", "--print-uris"})) {
    const std::size_t dists = line.find("/dists/");
    const std::size_t file = line.find("/InRelease'");
    if (!line.starts_with("'") || dists == std::string::npos || file == std::string::npos ||
        file < dists)
      continue;
    const std::string uri = without_slash(line.substr(1, dists - 1));
    const std::string suite = line.substr(dists + 7, file - dists - 7);
    if (is_remote(uri) && uri.ends_with("/debian") &&
        suite.find_first_of("-/") == std::string::npos)
      return uri;
  }
  return std::nullopt;
}

}  // namespace

std::string debian_mirror(process::Runner& runner) {
  std::string mirror = without_slash(environment("RTFX_DEBIAN_MIRROR"));
  if (!mirror.empty()) return mirror;
  const std::string help = "; set RTFX_DEBIAN_MIRROR to the address of a Debian archive";
  if (!process::find_program("apt-get"))
    throw Error("no Debian archive is known: this host has no apt" + help, ExitCode::host);
  if (const auto found = from_indexes(runner)) return *found;
  if (const auto found = from_configuration(runner)) return *found;
  throw Error("no Debian archive is known: the host's apt configuration names none" + help,
              ExitCode::host);
}

}  // namespace rtfx::pkg
