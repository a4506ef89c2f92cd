// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/builders.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/pkg/docker_builder.hpp"

namespace rtfx::pkg {

namespace {

constexpr std::string_view platform_prefix = "linux/";
/// The name that stands for the builder that needs no docker.
constexpr std::string_view without_docker = "buildah";

std::string arch_of(const std::string& platform, const std::string& source,
                    const ArchTable& arches) {
  try {
    return arches.find(platform.substr(platform_prefix.size())).name;
  } catch (const Error& error) {
    throw Error(source + ": " + error.what(), ExitCode::usage);
  }
}

}  // namespace

BuilderChoice BuilderChoice::parse(const std::string& list, const std::string& source,
                                   const ArchTable& arches) {
  BuilderChoice choice;
  if (text::trim(list).empty()) return choice;
  for (const std::string& part : text::split(list, ',')) {
    const std::string item(text::trim(part));
    const std::size_t equals = item.find('=');
    const std::string platform = item.substr(0, equals);
    const std::string builder = equals == std::string::npos ? "" : item.substr(equals + 1);
    if (!platform.starts_with(platform_prefix) || builder.empty()) {
      throw Error(source + ": \"" + text::one_line(item) +
                      "\" is not of the form linux/ARCH=CONTEXT or linux/ARCH=buildah",
                  ExitCode::usage);
    }
    const std::string arch = arch_of(platform, source, arches);
    if (!choice.by_arch.emplace(arch, Entry{builder, source}).second)
      throw Error(source + ": linux/" + arch + " is there twice", ExitCode::usage);
  }
  return choice;
}

BuilderChoice BuilderChoice::from(const std::string& flag, const ArchTable& arches) {
  BuilderChoice choice = parse(flag, "--builders", arches);
  for (const char* variable : {"RTFX_BUILDERS", "LINUXKIT_BUILDERS"}) {
    // What is there already comes first.
    choice.by_arch.merge(parse(environment(variable), variable, arches).by_arch);
  }
  return choice;
}

Builders::Builders(BuilderChoice choice, process::Runner& runner, const ArchTable& arches,
                   std::filesystem::path scratch, MakeDefault make_default)
    : choice_(std::move(choice)),
      runner_(runner),
      arches_(arches),
      scratch_(std::move(scratch)),
      make_default_(std::move(make_default)) {}

const std::vector<std::string>& Builders::contexts() {
  if (!contexts_) contexts_ = docker_contexts(runner_);
  return *contexts_;
}

std::optional<std::string> Builders::find_context(const std::string& arch) {
  const auto chosen = choice_.by_arch.find(arch);
  const auto exists = [&](const std::string& name) {
    return std::find(contexts().begin(), contexts().end(), name) != contexts().end();
  };
  if (chosen == choice_.by_arch.end()) {
    const std::string by_name = "linuxkit-linux-" + arch;
    return exists(by_name) ? std::optional(by_name) : std::nullopt;
  }
  const auto& [builder, source] = chosen->second;
  if (builder == without_docker) return std::nullopt;
  process::require_program("docker", "docker.io (Debian 13: docker-cli docker-buildx)");
  if (exists(builder)) return builder;
  throw Error(source + ": there is no docker context \"" + text::one_line(builder) +
                  "\" for linux/" + arch + text::did_you_mean(builder, contexts()) +
                  " (there are: " + text::join(contexts(), ", ") + "; \"" +
                  std::string(without_docker) + "\" builds without docker)",
              ExitCode::usage);
}

std::optional<std::string> Builders::context_for(const std::string& arch) {
  const std::lock_guard guard(mutex_);
  return find_context(arch);
}

Builder& Builders::for_arch(const std::string& arch, std::stop_token stop) {
  const std::lock_guard guard(mutex_);
  const std::optional<std::string> context = find_context(arch);
  const std::string key = context.value_or("");
  if (const auto failure = failures_.find(key); failure != failures_.end()) throw failure->second;
  std::unique_ptr<Builder>& builder = builders_[key];
  if (builder) return *builder;
  try {
    if (context)
      builder = std::make_unique<DockerBuilder>(*context, runner_, arches_, scratch_, stop);
    else
      builder = make_default_();
  } catch (const Error& error) {
    if (error.code() != ExitCode::interrupted) failures_.emplace(key, error);
    throw;
  }
  return *builder;
}

}  // namespace rtfx::pkg
