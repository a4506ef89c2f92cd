// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/release_publish.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "base/files.hpp"
#include "base/text.hpp"
#include "ci/publish/outcome.hpp"
#include "ci/publish/receipt.hpp"
#include "runner/commands/registry_flags.hpp"
#include "runner/commands/release_folder.hpp"
#include "runner/commands/release_verdict.hpp"

namespace rtfx::commands {
namespace {

/// OCI distribution-spec, "Pulling manifests": what a tag may be.
bool is_tag(const std::string& name) {
  const auto word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.size() <= 128 && word(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return word(c) || c == '.' || c == '-'; });
}

void check_name(const std::string& name) {
  const bool ours = name.starts_with("r-") || name.starts_with("sha256-");
  if (is_tag(name) && !ours) return;
  throw Error("--release " + name +
                  (ours ? ": names that begin so are rtfx's own"
                        : ": a tag is wanted: letters, digits, '_', '.' and '-', "
                          "at most 128, not beginning with '.' or '-'"),
              ExitCode::usage);
}

void tell(const std::string& line) {
  std::fflush(stdout);
  fmt::print(stderr, "rtfx: {}\n", line);
}

void print_published(const publish::Publication& publication, const fs::path& folder,
                     const publish::Target& target) {
  fmt::print(
      "receipts {}\n\n{} {}\n", folder.string(),
      publication.changed ? "published to" : "nothing to do, all is there already:", target.name());
  for (const publish::Published& entry : publication.images)
    fmt::print("  {} {} [{}]{}\n", entry.ref, entry.index.str(), text::join(entry.arches, " "),
               entry.changed ? "" : " (there already)");
  fmt::print("record {} {}\n", publication.record, publication.record_digest.str());
}

publish::Publication publish_order(const publish::Order& order, const fs::path& folder,
                                   publish::Target& target, oci::Store& store,
                                   const publish::Evidence& evidence) {
  publish::Journal journal(folder);
  try {
    return publish::publish(order, target, store, journal, evidence, tell);
  } catch (const Error& error) {
    const bool begun =
        publish::stage_of(publish::read_journal(folder)) != publish::Stage::not_begun;
    throw Error(std::string(error.what()) + "; rtfx release publish " + order.id +
                    (begun ? " goes on, rtfx release rollback " + order.id + " takes back"
                           : " tries again; nothing was written"),
                error.code());
  }
}

struct Options {
  std::string id;
  std::shared_ptr<PublishFlags> flags;
  std::shared_ptr<ResultsFlags> results;
};

/// The newest decision, if it is still to be published.
std::string choose_release(const runner::Project& project) {
  for (const std::string& id : release_ids(project)) {
    const fs::path folder = release_folder(project, id);
    if (!gate::holds_decision(folder)) continue;
    switch (publish::stage_of(publish::read_journal(folder))) {
      case publish::Stage::not_begun:
      case publish::Stage::begun:
        return id;
      case publish::Stage::done:
        if (!publish::has_receipt(folder)) return id;
        throw Error("nothing to publish: the newest decision, " + id +
                        ", is published; rtfx release publish " + id + " checks that it still is",
                    ExitCode::nothing_to_run);
      case publish::Stage::rolling_back:
      case publish::Stage::rolled_back:
        throw Error("nothing to publish: the newest decision, " + id +
                        ", was taken back; rtfx release publish " + id + " publishes it again",
                    ExitCode::nothing_to_run);
    }
  }
  throw Error("there is no decision in " + (project.root / "_release").string() +
                  "; run rtfx release, or rtfx release verdict --results DIR",
              ExitCode::nothing_to_run);
}

gate::Decision judge(const Context& context, const runner::Project& project, const Options& options,
                     publish::Target& target) {
  if (!options.id.empty())
    throw Error("either the ID of a decision or --results is wanted, not both", ExitCode::usage);
  const gate::Decision decision = judge_results(context, project, *options.results, [&] {
    return publish::released_baseline(target, project.org);
  });
  print_decision(decision, release_folder(project, decision.id), false, context.verbosity > 0);
  return decision;
}

gate::Decision load(const runner::Project& project, const std::string& given) {
  const std::string id = given.empty() ? choose_release(project) : given;
  const fs::path folder = release_folder(project, id);
  if (!gate::holds_decision(folder)) throw no_such_release(project, id);
  const gate::Decision decision = gate::load_decision(folder);
  if (!decision.verdict.ships) fmt::print("{}", gate::verdict_text(decision.verdict));
  return decision;
}

int publish_release(const Context& context, const Options& options) {
  const runner::Project project = context.require_project();
  const std::unique_ptr<publish::Target> target = open_target(project, context, *options.flags);
  const gate::Decision decision = options.results->folders.empty()
                                      ? load(project, options.id)
                                      : judge(context, project, options, *target);
  if (decision.verdict.ships)
    return publish_decision(decision, project, context, *options.flags, *target, false);
  tell("release " + decision.id + " is blocked; nothing was published: " + target->name() +
       " is as it was");
  return static_cast<int>(ExitCode::failed);
}

}  // namespace

std::shared_ptr<PublishFlags> add_publish_flags(CLI::App& command) {
  auto flags = std::make_shared<PublishFlags>();
  command
      .add_option(
          "--to", flags->to,
          "where to publish instead of rtfx.yml's registry: oci:DIR or HOST[:PORT][/PREFIX]")
      ->type_name("TARGET");
  command
      .add_option("--release", flags->names,
                  "a further tag for every image and for the record; may be given several times")
      ->allow_extra_args(false)
      ->type_name("NAME");
  command.add_flag("--allow-shrink", flags->allow_shrink,
                   "indexes list this release's arches only, even if the target has more");
  flags->registry = add_registry_flags(command);
  flags->sign = add_sign_flags(command);
  return flags;
}

std::unique_ptr<publish::Target> open_target(const runner::Project& project, const Context& context,
                                             const PublishFlags& flags) {
  for (const std::string& name : flags.names) check_name(name);
  if (flags.to.empty() && project.registry.empty())
    throw Error((project.root / "rtfx.yml").string() +
                    ": \"registry\" is missing; say there, or with --to, where to publish: oci:DIR "
                    "or HOST[:PORT][/PREFIX]",
                ExitCode::usage);
  if (flags.sign) load_signing_key(*flags.sign);
  const bool given = !flags.to.empty();
  return publish::open_target(
      given ? flags.to : project.registry,
      {given ? fs::current_path() : project.root, with_environment(*flags.registry),
       context.cache_directory() / "locks"},
      context.stop);
}

int publish_decision(const gate::Decision& decision, const runner::Project& project,
                     const Context& context, const PublishFlags& flags, publish::Target& target,
                     bool quiet) {
  const fs::path folder = release_folder(project, decision.id);
  oci::Store store(context.cache_directory() / "store");
  publish::Order order;
  order.id = decision.id;
  order.org = project.org;
  order.shipments = publish::shipments_of(decision, store);
  order.names = flags.names;
  order.allow_shrink = flags.allow_shrink;
  order.outcome = publish::outcome_of(decision);
  order.locks = context.cache_directory() / "locks";
  const publish::Publication publication =
      publish_order(order, folder, target, store,
                    release_evidence(decision, project, flags.sign->loaded, folder));
  publish::write_receipt(folder, decision.id, target.name(), publication);
  if (!quiet) {
    print_published(publication, folder, target);
    fmt::print("{}\n", signature_text(*flags.sign));
  }
  return static_cast<int>(ExitCode::ok);
}

void add_release_publish(CLI::App& release, Context& context) {
  CLI::App* command = release.add_subcommand(
      "publish", "publish what was decided; goes on where an earlier attempt ended");
  const auto options = std::make_shared<Options>();
  command->add_option("id", options->id, "a release of _release/; by default the newest decision")
      ->type_name("ID");
  options->results = add_results_flags(*command);
  options->flags = add_publish_flags(*command);
  command->callback([&context, options] {
    context.action = [&context, options] { return publish_release(context, *options); };
  });
}

}  // namespace rtfx::commands
