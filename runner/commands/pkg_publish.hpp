// SPDX-License-Identifier: Apache-2.0
//
// `rtfx pkg build` and registries: what is there already, and publishing with --push.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/pkg/build_all.hpp"
#include "harness/registry/options.hpp"
#include "runner/project.hpp"

namespace rtfx::registry {
class Client;
}

namespace rtfx::commands {

/// Knows where the packages of a command are published: in a project whose `registry` is one, there; else where their
/// names say (docker.io/linuxkit/...). A project that publishes into a directory asks no registry.
class Publisher {
 public:
  Publisher(const std::optional<runner::Project>& project, const registry::RegistryOptions& options,
            oci::Store& store, std::filesystem::path cache, std::stop_token stop);
  ~Publisher();

  /// How builds find what is published, and the images that they start from.
  pkg::Remote remote(const std::vector<pkg::PlannedPackage>& plan);
  /// What must hold before anything is built for publishing: throws Error (ExitCode::usage) for what could never be
  /// pushed. A dirty package can be built, and is refused later.
  void check(const std::vector<pkg::PlannedPackage>& plan, bool nobuild) const;
  /// Publishes the given packages of the plan that the store has. Without `release`, tags of git at HEAD are release
  /// tags. Throws Error.
  void push(const std::vector<pkg::PlannedPackage>& plan, const std::vector<pkg::UnitResult>& units,
            const std::string& release, bool arch_tags);

 private:
  registry::Client& client();
  void push_one(const pkg::PlannedPackage& package, const std::string& release, bool arch_tags);

  std::optional<runner::Project> project_;
  registry::RegistryOptions options_;
  oci::Store& store_;
  std::filesystem::path cache_;
  std::stop_token stop_;
  std::unique_ptr<registry::Client> client_;
};

}  // namespace rtfx::commands
