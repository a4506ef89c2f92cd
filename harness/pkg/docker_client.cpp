// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/docker_client.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/oci/archive.hpp"

namespace rtfx::pkg {

namespace {

constexpr std::chrono::seconds patience{30};

/// The lines of a failed client that say something, on one line.
std::string reason(const process::Captured& captured) {
  std::vector<std::string> lines;
  for (const std::string& line : text::split(captured.err, '\n')) {
    if (!text::trim(line).empty()) lines.emplace_back(text::trim(line));
  }
  if (lines.empty()) return captured.outcome.str();
  constexpr std::size_t shown = 3;
  if (lines.size() > shown) lines.erase(lines.begin(), lines.end() - shown);
  return text::one_line(text::join(lines, "; "));
}

/// A file without a name, by which nothing is left behind, and the path under which the client can open it.
class UnnamedFile {
 public:
  explicit UnnamedFile(const fs::path& directory)
      : fd_(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
    if (fd_) return;
    // Not every file system has files without a name.
    std::string name = (directory / ".docker.XXXXXX").string();
    fd_ = FileDescriptor(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd_) throw system_error("making a temporary file in " + directory.string(), errno);
    ::unlink(name.c_str());
  }
  int fd() const { return fd_.get(); }
  std::string path() const {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd_.get());
  }

 private:
  FileDescriptor fd_;
};

}  // namespace

DockerClient::DockerClient(std::string context, process::Runner& runner)
    : context_(std::move(context)),
      runner_(runner),
      program_(
          process::require_program("docker", "docker.io (Debian 13: docker-cli docker-buildx)")) {}

process::Command DockerClient::command(const std::vector<std::string>& arguments) const {
  process::Command command;
  command.argv = {program_.string(), "--context", context_};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.env = {
      {"DOCKER_BUILDKIT", "1"},
      {"DOCKER_CLI_HINTS", "false"},
      {"LC_ALL", "C.UTF-8"},
      // The plugin builds in the context's own daemon, whatever builder the user has chosen for other work,
      // and adds nothing to the image.
      {"BUILDX_BUILDER", context_},
      {"BUILDX_NO_DEFAULT_ATTESTATIONS", "1"}};
  return command;
}

process::Captured DockerClient::ask(const std::vector<std::string>& arguments,
                                    std::stop_token stop) const {
  process::Command asked = command(arguments);
  asked.timeout = patience;
  process::Captured captured = process::run_captured(runner_, asked, stop);
  if (captured.outcome.ending == process::Ending::cancelled)
    throw Error("cancelled", ExitCode::interrupted);
  return captured;
}

std::variant<DockerClient::Versions, std::string> DockerClient::try_versions(
    std::stop_token stop) const {
  const process::Captured captured = ask({"version", "--format", "{{json .}}"}, stop);
  const auto json = nlohmann::json::parse(captured.out, nullptr, false);
  const auto text = [&](const char* part, const char* key) -> std::string {
    if (!json.is_object() || !json.contains(part) || !json[part].is_object()) return "";
    const auto found = json[part].find(key);
    return found != json[part].end() && found->is_string() ? found->get<std::string>() : "";
  };
  const Versions versions{text("Client", "Version"), text("Server", "Os"), text("Server", "Arch")};
  if (captured.outcome.ending == process::Ending::timed_out)
    return "its daemon does not answer: " + captured.outcome.str();
  if (!captured.outcome.ok() || versions.server_arch.empty()) return reason(captured);
  return versions;
}

DockerClient::Versions DockerClient::versions(std::stop_token stop) const {
  auto versions = try_versions(std::move(stop));
  if (const auto* why = std::get_if<std::string>(&versions))
    throw Error(name() + ": " + *why, ExitCode::host);
  return std::get<Versions>(std::move(versions));
}

std::optional<std::string> DockerClient::unreachable(std::stop_token stop) const {
  const auto versions = try_versions(std::move(stop));
  const auto* why = std::get_if<std::string>(&versions);
  return why == nullptr ? std::nullopt : std::optional(*why);
}

std::vector<std::string> docker_contexts(process::Runner& runner) {
  if (!process::find_program("docker")) return {};
  process::Command command;
  command.argv = {"docker", "context", "ls", "--format", "{{.Name}}"};
  command.timeout = patience;
  const process::Captured captured = process::run_captured(runner, command);
  if (!captured.outcome.ok()) throw Error("docker context ls: " + reason(captured), ExitCode::host);
  std::vector<std::string> names;
  for (const std::string& line : text::split_list(captured.out, '\n'))
    // Some clients mark the current one.
    names.emplace_back(text::trim(line.ends_with('*') ? line.substr(0, line.size() - 1) : line));
  return names;
}

void load_into_docker(const std::string& context, const oci::Store& store,
                      const oci::Descriptor& manifest, const std::string& name,
                      const Steps& steps) {
  const DockerClient client(context, steps.runner);
  in_context("loading " + name + " into " + client.name(), [&] {
    const UnnamedFile archive(store.directory());
    oci::export_docker_archive(store, manifest, name, archive.fd(), "the image's archive");
    steps.run("docker load", client.command({"load", "--input", archive.path()}));
  });
}

}  // namespace rtfx::pkg
