// SPDX-License-Identifier: Apache-2.0
//
// The main job. The passes stand below in their order; each takes what the one before it gave. The verdict separates
// them: nothing above it writes to a registry, nothing below it builds or tests.
#include <CLI/CLI.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <thread>

#include "base/files.hpp"
#include "base/text.hpp"
#include "ci/gate/build.hpp"
#include "ci/gate/load.hpp"
#include "ci/gate/plan.hpp"
#include "ci/gate/publish.hpp"
#include "ci/gate/receipt.hpp"
#include "ci/gate/reuse.hpp"
#include "ci/gate/verdict.hpp"
#include "results/history.hpp"
#include "runner/commands/command.hpp"
#include "runner/commands/table.hpp"
#include "runner/console/console.hpp"
#include "runner/run.hpp"
#include "runner/select.hpp"
#include "runner/system.hpp"

namespace rtfx::commands {
namespace {

struct Options {
  bool dry_run = false;
  bool rerun = false;
  bool json = false;
  std::string to;
  unsigned jobs = 0;
};

/// "20261120-083000-1234": sorts by time; the process id keeps two releases of one second apart.
std::string new_release_id() {
  const std::time_t seconds = std::time(nullptr);
  std::tm fields{};
  ::gmtime_r(&seconds, &fields);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &fields);
  return fmt::format("{}-{}", text, ::getpid());
}

/// Folders and settings of one release.
struct Release {
  std::string id = new_release_id();
  fs::path folder;      ///< _release/<id>
  fs::path results;     ///< _results
  fs::path run_folder;  ///< _results/<id>
  fs::path cache;
  unsigned jobs;
};

Release open_release(const runner::Project& project, const Context& context,
                     const Options& options) {
  Release release;
  release.folder = project.root / "_release" / release.id;
  release.results = project.root / "_results";
  release.run_folder = release.results / release.id;
  release.cache = context.cache_directory();
  release.jobs =
      options.jobs != 0 ? options.jobs : std::max(1u, std::thread::hardware_concurrency());
  return release;
}

/// A line on standard error, after everything that was printed before.
void say(const std::string& line) {
  std::fflush(stdout);
  fmt::print(stderr, "{}\n", line);
}

/// A line per built package and assembled image; what failed is told with the builder's last words.
void tell_progress(const results::UnitFinished& unit, const std::string& note) {
  const double seconds = std::chrono::duration<double>(unit.elapsed).count();
  const std::string name =
      fmt::format("{:<8} {:<8} {}", unit.unit.kind, unit.unit.arch, unit.unit.name);
  if (unit.result == results::Result::pass) {
    say(fmt::format("{} {} in {:.1f} s", name, note, seconds));
  } else {
    say(fmt::format("{} {}: {}", name, results::result_name(unit.result),
                    note.empty() ? unit.reason : note));
    if (!unit.log.empty()) say("         log: " + unit.log);
  }
}

/// What the tests need to check that they use the very images that would ship.
fs::path write_subjects(const fs::path& folder, const std::vector<results::Subject>& subjects) {
  std::string lines;
  for (const results::Subject& subject : subjects) {
    lines += fmt::format("{{\"name\":\"{}\",\"arch\":\"{}\",\"digest\":\"{}\"}}\n", subject.name,
                         subject.arch, subject.digest);
  }
  const fs::path path = folder / "subjects.jsonl";
  write_file_atomically(path, lines);
  return path;
}

results::RunRecord run_suites(const gate::Input& input, const gate::Plan& plan,
                              const gate::Artifacts& artifacts, const Release& release,
                              const Context& context, const Options& options) {
  runner::RunOptions run;
  run.patterns = input.project.gate.suites;
  run.labels = context.labels;
  for (const Arch& arch : input.project.all_arch_rows()) {
    if (!artifacts.broken.contains(arch.name)) run.arches.push_back(arch);
  }
  run.jobs = static_cast<int>(release.jobs);
  run.results = release.results;
  run.id = release.id;
  run.command_line = "rtfx release";
  run.version = RTFX_VERSION;
  run.subjects = artifacts.subjects;
  run.prior = artifacts.results;
  for (results::UnitFinished& unit : gate::cases_that_cannot_run(plan, artifacts))
    run.prior.push_back(std::move(unit));
  run.env = {{"RTFX_PROJECT", input.project.root.string()}, {"RTFX_CACHE", release.cache.string()}};

  const fs::path program = fs::read_symlink("/proc/self/exe");
  const gate::CaseKeys keys(input, artifacts.subjects, program, run.env);
  const gate::KnownResults known(options.rerun ? fs::path() : release.results);
  run.env["RTFX_SUBJECTS"] = write_subjects(release.folder, artifacts.subjects).string();
  run.key = [&](const runner::Case& test, const Arch& arch) { return keys.key(test, arch); };
  run.known = [&](const results::UnitId& unit, const std::string& key) {
    return known.find(unit, key);
  };

  const results::History history = results::History::read(release.results);
  run.duration = [&](const results::UnitId& unit) { return history.duration(unit); };
  run.memory = static_cast<std::uint64_t>(std::max<std::int64_t>(runner::system_info().memory, 0));

  console::ConsoleOptions look;
  look.verbosity = context.verbosity;
  look.several_arches = true;
  look.one_at_a_time = run.jobs == 1;
  look.colour = use_colour(STDERR_FILENO);
  look.opening_lines = false;
  const std::unique_ptr<process::Loop> loop = process::make_loop();
  console::Console console(look);
  console.attach(*loop);
  results::RunRecord record =
      runner::run_cases(*input.cases, run, input.project.table, *loop, console, context.stop);
  console.detach();
  results::remember(release.results, record);
  return record;
}

/// The packages as they would ship, in the order of their names.
std::vector<gate::Shipment> shipments(const gate::Artifacts& artifacts,
                                      const std::vector<std::string>& arches) {
  std::map<std::string, gate::Shipment> by_ref;
  for (const auto& [unit, manifest] : artifacts.manifests) {
    const auto& [ref, arch] = unit;
    if (std::find(arches.begin(), arches.end(), arch) == arches.end()) continue;
    gate::Shipment& shipment = by_ref[ref];
    shipment.repository = ref.substr(0, ref.rfind(':'));
    shipment.tag = ref.substr(ref.rfind(':') + 1);
    shipment.manifests.insert_or_assign(arch, manifest);
  }
  std::vector<gate::Shipment> all;
  for (auto& [ref, shipment] : by_ref) all.push_back(std::move(shipment));
  return all;
}

void print_verdict(const gate::Verdict& verdict, const Release& release, const Options& options) {
  if (options.json) {
    fmt::print("{}", gate::verdict_json(verdict, release.id));
    return;
  }
  fmt::print("\n{}\nreports  {}\nverdict  {}\n", gate::verdict_text(verdict),
             release.run_folder.string(), (release.folder / "verdict.json").string());
}

void print_published(const std::vector<gate::Published>& published, const Release& release,
                     const std::string& target) {
  fmt::print("receipts {}\n\npublished to {}\n", release.folder.string(), target);
  for (const gate::Published& entry : published) {
    std::vector<std::string> arches;
    for (const auto& [arch, digest] : entry.manifests) arches.push_back(arch);
    fmt::print("  {} {} [{}]{}\n", entry.ref, entry.index.str(), text::join(arches, " "),
               entry.changed ? "" : " (there already)");
  }
}

int release(const Context& context, const Options& options) {
  process::Runner& runner = process::system_runner();

  // Load: every problem of every file at once; nothing has been started or written yet.
  const gate::Input input = gate::load(context.require_project());
  runner::check_labels(*input.cases, context.labels, input.project.table);
  if (options.to.empty() && input.project.registry.empty())
    throw Error((input.project.root / "rtfx.yml").string() +
                    ": \"registry\" is missing; say there, or with --to, where to publish: oci:DIR "
                    "or HOST[:PORT][/PREFIX]",
                ExitCode::usage);
  const std::unique_ptr<gate::Target> target = gate::open_target(
      options.to.empty() ? input.project.registry : options.to,
      options.to.empty() ? input.project.root : fs::current_path(), runner, context.stop);
  const Release release = open_release(input.project, context, options);

  // Plan: what must exist and pass, from the input files alone.
  const gate::Plan plan = gate::make_plan(input, context.labels);
  gate::Journal journal(release.folder);

  // Build: packages and kernels per arch into the content store; what the store has is not built again.
  oci::Store store(release.cache / "store");
  const pkg::BuildEnvironment environment{runner, store, input.project.table,
                                          release.cache / "buildah"};
  gate::Artifacts artifacts = gate::build_packages(
      input, plan, environment, release.folder / "logs", release.jobs, tell_progress, context.stop);

  // Assemble: bootable images of the examples, from the content store.
  gate::assemble_examples(input, plan, store, input.project.root / "_build",
                          release.cache / "images", tell_progress, context.stop, artifacts);

  // Test: the suites of the gate per arch, every result logged at once.
  const results::RunRecord run = run_suites(input, plan, artifacts, release, context, options);

  // Decide: what is not proven to have passed blocks.
  const gate::Verdict verdict = gate::decide(plan, run, artifacts.subjects);
  write_file_atomically(release.folder / "verdict.json", gate::verdict_json(verdict, release.id));
  write_file_atomically(release.folder / "verdict.txt", gate::verdict_text(verdict));
  journal.append("decided", {{"ships", verdict.ships ? "yes" : "no"}, {"run", release.id}});
  print_verdict(verdict, release, options);
  if (context.stop.stop_requested()) {
    say("rtfx: interrupted; nothing was published: " + target->name() + " is as it was");
    return static_cast<int>(ExitCode::interrupted);
  }
  if (!verdict.ships) {
    say("rtfx: nothing was published: " + target->name() + " is as it was");
    return static_cast<int>(ExitCode::failed);
  }
  if (options.dry_run) {
    say("rtfx: dry run: every first-class arch passes; nothing was published");
    return static_cast<int>(ExitCode::ok);
  }

  // ---- Nothing above this line writes to a registry; nothing below it builds or tests. ----

  // Stage: blobs and manifests by digest; no tag changes.
  const FileLock one_publisher(input.project.root / "_release" / "publish.lock");
  const gate::StagedRelease staged =
      gate::stage(shipments(artifacts, verdict.shipped_arches()), *target, store, journal);

  // Publish: per-arch tags, then index tags; read back and compared.
  const std::vector<gate::Published> published = gate::publish(staged, *target, store, journal);

  // Receipt: what was shipped on the strength of which results.
  gate::write_receipts(release.folder, target->name(), published, run, release.run_folder);
  journal.append("done", {{"images", std::to_string(published.size())}});
  if (!options.json) print_published(published, release, target->name());
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_release(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "release", "build, test and publish everything, only if every first-class arch passes");
  const auto options = std::make_shared<Options>();
  command->add_flag("--dry-run", options->dry_run, "do everything but publish");
  command->add_flag("--rerun", options->rerun,
                    "run every case, also those whose passing result is known");
  command->add_flag("--json", options->json, "print the verdict as JSON");
  command
      ->add_option(
          "--to", options->to,
          "where to publish instead of rtfx.yml's registry: oci:DIR or HOST[:PORT][/PREFIX]")
      ->type_name("TARGET");
  command
      ->add_option("-j,--jobs", options->jobs,
                   "builds and cases at the same time (default: processors)")
      ->check(CLI::PositiveNumber);
  command->callback([&context, options] {
    context.action = [&context, options] { return release(context, *options); };
  });
}

}  // namespace rtfx::commands
