// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/oci/archive.hpp"
#include "harness/pkg/docker_client.hpp"
#include "runner/commands/build_images.hpp"

namespace rtfx::commands {

namespace {

constexpr std::chrono::minutes patience{10};
constexpr const char* name_while_importing = "rtfx-build-from-docker";

bool has_image(const pkg::DockerClient& docker, const std::string& ref, const Arch& arch,
               const std::stop_token& stop) {
  const process::Captured answer =
      docker.ask({"image", "inspect", "--format", "{{.Architecture}}", ref}, stop);
  return answer.outcome.ok() && text::trim(answer.out) == arch.name;
}

std::optional<oci::Descriptor> take(const pkg::DockerClient& docker, const std::string& ref,
                                    oci::Store& store, const Arch& arch,
                                    const std::stop_token& stop) {
  const TemporaryDirectory work("docker", store.directory());
  const auto archive = work.path() / "image.tar";
  process::Command command = docker.command({"image", "save", "--output", archive.string(), ref});
  command.timeout = patience;
  const process::Captured saved = process::run_captured(process::system_runner(), command, stop);
  if (saved.outcome.ending == process::Ending::cancelled)
    throw Error("interrupted", ExitCode::interrupted);
  if (!saved.outcome.ok()) return std::nullopt;
  const std::string name =
      name_while_importing + std::string("-") + work.path().filename().string();
  const auto images = oci::import_path(store, archive, name, stop);
  // Kept from the collector until this process ends.
  store.start_writing();
  store.untag(name);
  return images.size() == 1 ? store.for_arch(images.front().descriptor, arch.name) : std::nullopt;
}

}  // namespace

std::map<std::string, oci::Descriptor> images_of_docker(const image::ImageSpec& spec,
                                                        oci::Store& store, const Arch& arch,
                                                        std::stop_token stop) {
  std::map<std::string, oci::Descriptor> found;
  if (!process::find_program("docker")) return found;
  const pkg::DockerClient docker("default", process::system_runner());
  for (const std::string& ref : image::image_refs(spec)) {
    try {
      if (!has_image(docker, ref, arch, stop)) continue;
      if (const auto manifest = take(docker, ref, store, arch, stop)) found.emplace(ref, *manifest);
    } catch (const Error& error) {
      // As linuxkit: docker is only a first place to look.
      if (error.code() == ExitCode::interrupted) throw;
    }
  }
  return found;
}

}  // namespace rtfx::commands
