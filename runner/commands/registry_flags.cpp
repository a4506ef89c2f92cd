// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/registry_flags.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/oci/reference.hpp"

namespace rtfx::commands {

namespace {

/// Whether the name says itself which registry it is in: "reg.example:5000/team/x", "localhost/x".
bool names_a_registry(const std::string& ref) {
  const std::string first = ref.substr(0, ref.find('/'));
  return ref.find('/') != std::string::npos &&
         (first.find_first_of(".:") != std::string::npos || first == "localhost");
}

}  // namespace

std::shared_ptr<registry::RegistryOptions> add_registry_flags(CLI::App& app) {
  auto options = std::make_shared<registry::RegistryOptions>();
  // One value each time: what follows is the command's own.
  app.add_option("--mirror", options->mirrors,
                 "ask this instead of a registry: [REGISTRY=]http(s)://HOST[:PORT][/PATH]")
      ->allow_extra_args(false)
      ->type_name("MIRROR");
  app.add_option("--cert-file", options->cert_files,
                 "PEM file of an authority to trust beside the system's")
      ->allow_extra_args(false)
      ->type_name("FILE");
  app.add_option("--registry-creds", options->credentials,
                 "login for a registry, before docker's: REGISTRY=USER:PASSWORD or REGISTRY=TOKEN")
      ->allow_extra_args(false)
      ->type_name("CREDS");
  return options;
}

registry::RegistryOptions with_environment(const registry::RegistryOptions& flags) {
  registry::RegistryOptions options = flags;
  options.mirrors.clear();
  std::string text = environment("RTFX_MIRROR", environment("LINUXKIT_MIRROR"));
  for (char& c : text) c = c == ' ' ? ',' : c;
  for (const std::string& mirror : text::split_list(text)) options.mirrors.push_back(mirror);
  // The last one for a registry counts.
  options.mirrors.insert(options.mirrors.end(), flags.mirrors.begin(), flags.mirrors.end());
  return options;
}

bool is_in_registry(const std::optional<runner::Project>& project, const std::string& ref) {
  return names_a_registry(ref) || !project || !project->registry.starts_with("oci:");
}

std::string published_name(const std::optional<runner::Project>& project, const std::string& ref) {
  if (names_a_registry(ref) || !project || project->registry.empty()) return ref;
  if (!is_in_registry(project, ref))
    throw Error("this project's registry is a directory (rtfx.yml: registry: " + project->registry +
                    "); rtfx release publishes there",
                ExitCode::usage);
  return project->registry + "/" + ref;
}

std::string line_about(const registry::Pushed& pushed) {
  return fmt::format("{} {} {} ({})", pushed.ref, registry::to_string(pushed.change),
                     pushed.digest.str(), text::join(pushed.arches, ", "));
}

}  // namespace rtfx::commands
