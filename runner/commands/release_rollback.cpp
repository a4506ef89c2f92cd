// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/files.hpp"
#include "ci/publish/rollback.hpp"
#include "runner/commands/registry_flags.hpp"
#include "runner/commands/release_folder.hpp"
#include "runner/commands/release_publish.hpp"

namespace rtfx::commands {
namespace {

struct Options {
  std::string id, to;
  std::shared_ptr<registry::RegistryOptions> registry;
};

void tell(const std::string& line) { fmt::print(stderr, "rtfx: {}\n", line); }

void print(const publish::RolledBack& result) {
  for (const std::string& ref : result.restored) fmt::print("  {} as before\n", ref);
  for (const std::string& ref : result.removed) fmt::print("  {} gone, as before\n", ref);
  for (const publish::LeftTag& tag : result.left)
    fmt::print("  {} NOT as before: {}\n", tag.ref, tag.why);
}

int roll_back_release(const Context& context, const Options& options) {
  const runner::Project project = context.require_project();
  const fs::path folder = release_folder(project, options.id);
  const std::vector<publish::JournalLine> lines = publish::read_journal(folder);
  if (lines.empty()) throw no_such_release(project, options.id);
  const std::string published_to = publish::target_of(lines);
  const std::string where = options.to.empty() ? published_to : options.to;
  if (where.empty()) {
    fmt::print("release {} was never published; there is nothing to take back\n", options.id);
    return static_cast<int>(ExitCode::ok);
  }
  const fs::path locks = context.cache_directory() / "locks";
  const std::unique_ptr<publish::Target> target = publish::open_target(
      where, {fs::current_path(), with_environment(*options.registry), locks}, context.stop);
  if (publish::tags_of(lines, target->name()).empty()) {
    fmt::print("release {} has changed nothing in {}{}\n", options.id, target->name(),
               published_to == target->name() || published_to.empty()
                   ? ""
                   : "; it was published to " + published_to);
    return static_cast<int>(ExitCode::ok);
  }
  const publish::RolledBack result = publish::roll_back(folder, project.org, *target, locks, tell);
  fmt::print("release {} in {}:\n", options.id, target->name());
  print(result);
  if (result.left.empty()) return static_cast<int>(ExitCode::ok);
  tell(fmt::format("{} of {} tags could not be taken back", result.left.size(),
                   result.left.size() + result.restored.size() + result.removed.size()));
  return static_cast<int>(ExitCode::failed);
}

}  // namespace

void add_release_rollback(CLI::App& release, Context& context) {
  CLI::App* command = release.add_subcommand(
      "rollback", "make every tag of a release stand for what it stood for before");
  const auto options = std::make_shared<Options>();
  command->add_option("id", options->id, "a release of _release/")->type_name("ID")->required();
  command
      ->add_option("--to", options->to,
                   "the target, if it was published to several (default: the last one)")
      ->type_name("TARGET");
  options->registry = add_registry_flags(*command);
  command->callback([&context, options] {
    context.action = [&context, options] { return roll_back_release(context, *options); };
  });
}

}  // namespace rtfx::commands
