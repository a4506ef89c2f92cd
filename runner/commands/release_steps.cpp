// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/release_steps.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <thread>

#include "base/files.hpp"
#include "ci/gate/reuse.hpp"
#include "results/history.hpp"
#include "runner/commands/table.hpp"
#include "runner/console/console.hpp"
#include "runner/run.hpp"
#include "runner/select.hpp"
#include "runner/system.hpp"

namespace rtfx::commands {
namespace {

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

gate::KnownResults known_results(const Workplace& place) {
  gate::KnownResults known;
  if (place.rerun) return known;
  known.add_runs(place.history);
  known.add_run(place.run_folder);
  return known;
}

runner::RunOptions run_options(const gate::Input& input, const gate::Plan& plan,
                               const gate::Artifacts& artifacts,
                               const std::vector<std::string>& arches, const Workplace& place,
                               const Context& context) {
  runner::RunOptions run;
  run.patterns = input.project.gate.suites;
  run.labels = context.labels;
  const auto is_ours = [&](const std::string& arch) {
    return std::find(arches.begin(), arches.end(), arch) != arches.end();
  };
  for (const Arch& arch : input.project.all_arch_rows()) {
    if (is_ours(arch.name) && !artifacts.broken.contains(arch.name)) run.arches.push_back(arch);
  }
  run.jobs = static_cast<int>(place.jobs);
  run.results = place.run_folder.parent_path();
  run.id = place.run_folder.filename().string();
  run.link_latest = run.results == place.history;
  run.command_line = "rtfx release";
  run.version = RTFX_VERSION;
  run.commit = plan.commit;
  run.subjects = artifacts.subjects;
  run.prior = artifacts.results;
  for (results::UnitFinished& unit : gate::cases_that_cannot_run(plan, artifacts)) {
    if (is_ours(unit.unit.arch)) run.prior.push_back(std::move(unit));
  }
  // The folder may be carried to another machine.
  for (results::UnitFinished& unit : run.prior) {
    const fs::path log = fs::path(unit.log).lexically_relative(place.run_folder);
    if (!unit.log.empty() && !log.empty() && *log.begin() != "..") unit.log = log.string();
  }
  run.env = {{"RTFX_PROJECT", input.project.root.string()}, {"RTFX_CACHE", place.cache.string()}};
  run.memory = static_cast<std::uint64_t>(std::max<std::int64_t>(runner::system_info().memory, 0));
  return run;
}

}  // namespace

std::string new_release_id() {
  const std::time_t seconds = std::time(nullptr);
  std::tm fields{};
  ::gmtime_r(&seconds, &fields);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &fields);
  return fmt::format("{}-{}", text, ::getpid());
}

Workplace open_workplace(const runner::Project& project, const Context& context, unsigned jobs,
                         bool rerun) {
  Workplace place;
  place.id = new_release_id();
  place.folder = project.root / "_release" / place.id;
  place.history = project.root / "_results";
  place.run_folder = place.history / place.id;
  place.cache = context.cache_directory();
  place.jobs = jobs != 0 ? jobs : std::max(1u, std::thread::hardware_concurrency());
  place.rerun = rerun;
  return place;
}

gate::Input load_release(const Context& context) {
  gate::Input input = gate::load(context.require_project(), context.labels);
  runner::check_labels(*input.cases, context.labels, input.project.table);
  return input;
}

void say(const std::string& line) {
  std::fflush(stdout);
  fmt::print(stderr, "{}\n", line);
}

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

results::RunRecord run_suites(const gate::Input& input, const gate::Plan& plan,
                              const gate::Artifacts& artifacts,
                              const std::vector<std::string>& arches, const Workplace& place,
                              const Context& context) {
  runner::RunOptions run = run_options(input, plan, artifacts, arches, place, context);
  write_file_atomically(place.run_folder / "plan.json", gate::plan_json(plan));

  const fs::path program = fs::read_symlink("/proc/self/exe");
  const gate::CaseKeys keys(input, artifacts.subjects, program, run.env);
  const gate::KnownResults known = known_results(place);
  run.env["RTFX_SUBJECTS"] = write_subjects(place.folder, artifacts.subjects).string();
  run.key = [&](const runner::Case& test, const Arch& arch) { return keys.key(test, arch); };
  run.known = [&](const results::UnitId& unit, const std::string& key) {
    return known.find(unit, key);
  };
  const results::History history = results::History::read(place.history);
  run.duration = [&](const results::UnitId& unit) { return history.duration(unit); };

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
  results::remember(place.history, record);
  return record;
}

}  // namespace rtfx::commands
