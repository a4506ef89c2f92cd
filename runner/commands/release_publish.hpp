// SPDX-License-Identifier: Apache-2.0
//
// The passes of a release below the line: nothing here builds or tests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ci/gate/decision.hpp"
#include "ci/publish/target.hpp"
#include "harness/registry/options.hpp"
#include "runner/commands/command.hpp"
#include "runner/commands/sign_flags.hpp"

namespace rtfx::commands {

/// --to, --release, --allow-shrink, --key, --no-sign, and those of registries.
struct PublishFlags {
  std::string to;
  std::vector<std::string> names;
  bool allow_shrink = false;
  std::shared_ptr<registry::RegistryOptions> registry;
  std::shared_ptr<SignFlags> sign;  ///< null: nothing is to be signed
};

std::shared_ptr<PublishFlags> add_publish_flags(CLI::App& command);

/// The target that the flags or rtfx.yml name, with everything checked that can be before something is built or asked;
/// the key is loaded.
/// Throws Error (ExitCode::usage).
std::unique_ptr<publish::Target> open_target(const runner::Project& project, const Context& context,
                                             const PublishFlags& flags);

/// Publishes a decision that ships, writes the receipts into _release/<id>, and says what was done (on standard output unless
/// `quiet`). Throws Error; then `rtfx release publish <id>` goes on.
int publish_decision(const gate::Decision& decision, const runner::Project& project,
                     const Context& context, const PublishFlags& flags, publish::Target& target,
                     bool quiet);

/// `rtfx release publish` and `rtfx release rollback`.
void add_release_publish(CLI::App& release, Context& context);
void add_release_rollback(CLI::App& release, Context& context);

}  // namespace rtfx::commands
