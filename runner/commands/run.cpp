// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/git/git.hpp"
#include "harness/process/interrupt.hpp"
#include "results/history.hpp"
#include "results/reports.hpp"
#include "runner/commands/cases.hpp"
#include "runner/commands/packages.hpp"
#include "runner/commands/table.hpp"
#include "runner/console/console.hpp"
#include "runner/console/machine.hpp"
#include "runner/inputs.hpp"
#include "runner/plan.hpp"
#include "runner/resume.hpp"
#include "runner/run.hpp"
#include "runner/system.hpp"

namespace rtfx::commands {
namespace {

struct Options {
  Selection selection;
  std::vector<std::string> env;
  std::string id, resume, results, junit;
  std::string timeout, global_timeout, grace;
  bool trace = false, parallel = false, no_build = false, cached = false;
  bool tap = false, json = false, plain = false;
  int jobs = 0, retries = 0;
};

/// The command line for the log. What -e sets may be secret and stays out of it.
std::string command_line() {
  std::vector<std::string> words = text::split(read_file("/proc/self/cmdline"), '\0');
  if (!words.empty()) words.pop_back();
  bool value_of_env = false;
  for (std::string& word : words) {
    const bool joined =
        (word.starts_with("-e") && !word.starts_with("--")) || word.starts_with("--env=");
    const std::size_t from = word.starts_with("--") ? 6 : 0;
    const bool alone = word == "-e" || word == "--env";
    const auto equals = word.find('=', from);
    if ((value_of_env || (joined && !alone)) && equals != std::string::npos)
      word.resize(equals + 1), word += "***";
    value_of_env = alone;
  }
  return text::join(words, " ");
}

std::map<std::string, std::string> environment_of(const Options& options, const Cases& cases) {
  std::map<std::string, std::string> env;
  if (cases.project) env["RTFX_PROJECT"] = cases.project->root.string();
  for (const std::string& setting : options.env) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error(fmt::format("--env \"{}\": expected NAME=VALUE", setting), ExitCode::usage);
    }
    env[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return env;
}

int jobs_of(const Options& options) {
  if (options.jobs > 0) return options.jobs;
  return options.parallel ? static_cast<int>(std::max(1u, std::thread::hardware_concurrency())) : 1;
}

/// Commit and paths are those of the repository that the cases are in.
void describe_source(const Cases& cases, runner::RunOptions& run) {
  if (const auto repository = git::Repository::discover(cases.tree->directory)) {
    run.commit = repository->head_commit().value_or("");
    run.source_root = repository->root();
  } else if (cases.project) {
    run.source_root = cases.project->root;
  }
}

/// rtf writes over the results of an earlier run with the same id; they are moved aside instead.
void keep_earlier_run(const fs::path& results, const std::string& id) {
  const fs::path folder = results / id;
  if (id.empty() || !fs::exists(folder / "events.jsonl")) return;
  for (int i = 1;; ++i) {
    const fs::path aside = folder.string() + fmt::format(".{}", i);
    if (fs::exists(aside)) continue;
    fs::rename(folder, aside);
    fmt::print(stderr, "rtfx: note: the earlier run {} is now {}\n", id, aside.string());
    return;
  }
}

/// Sets `limit` when the flag was given.
template <typename Duration>
void read_limit(const char* flag, const std::string& value, Duration& limit) {
  if (value.empty()) return;
  const auto given = runner::parse_time_limit(value);
  if (!given) {
    throw Error(fmt::format("{} \"{}\": expected seconds, or 30s, 5m or 1h", flag, value),
                ExitCode::usage);
  }
  limit = *given;
}

fs::path results_folder(const Options& options, const Cases& cases) {
  if (!options.results.empty()) return options.results;
  return cases.project ? cases.project->root / "_results" : "_results";
}

runner::RunOptions run_options(const Context& context, const Options& options, const Cases& cases) {
  runner::RunOptions run;
  run.jobs = jobs_of(options);
  run.memory = static_cast<std::uint64_t>(std::max<std::int64_t>(runner::system_info().memory, 0));
  run.trace = options.trace;
  run.retries = options.retries;
  run.env = environment_of(options, cases);
  run.results = results_folder(options, cases);
  run.id = options.id;
  run.link_latest = options.id.empty();
  run.version = RTFX_VERSION;
  describe_source(cases, run);
  run.command_line = command_line();
  read_limit("--timeout", options.timeout, run.default_timeout);
  read_limit("--global-timeout", options.global_timeout, run.global_timeout);
  read_limit("--grace", options.grace, run.grace);
  apply_selection(options.selection, context, cases, run);
  return run;
}

/// The run that is resumed says itself what it is about.
void resume(const Options& options, const Cases& cases, runner::RunOptions& run) {
  const runner::Unfinished left = runner::read_unfinished(run.results, options.resume);
  run.id = left.id;
  run.labels = left.labels;
  run.shard = parse_shard(left.shard);
  run.only = left.units;
  run.arches.clear();
  for (const std::string& arch : left.arches) run.arches.push_back(cases.table.find(arch));
  fmt::print(stderr, "rtfx: note: {} of the run {} have a result, {} are left\n", left.finished,
             left.id, left.units.size());
}

void refuse_with_resume(const Context& context, const Options& options) {
  const Selection& selection = options.selection;
  const bool selects = !selection.patterns.empty() || !selection.expression.empty() ||
                       selection.rtf_prefix || !selection.shard.empty() ||
                       !selection.shard_by.empty() || !context.labels.empty() ||
                       !context.arch.empty() || !options.id.empty();
  if (!selects) return;
  throw Error(
      "--resume takes the cases, labels and architectures of the run that it continues: leave out "
      "patterns, -E, -l, --arch, -s and --id",
      ExitCode::usage);
}

bool anything_bad(const results::RunRecord& run) {
  return std::any_of(run.units.begin(), run.units.end(), [](const results::UnitRecord& unit) {
    return !unit.finished ? unit.planned.unit.kind == "case"
                          : results::rtf_result(unit.finished->result) == 1;
  });
}

/// Nothing that passed is no success; but an empty shard is: other shards run what there is.
ExitCode exit_code(const results::RunRecord& run, bool empty_shard, const std::stop_token& stop) {
  if (stop.stop_requested() && !run.finished) return ExitCode::interrupted;
  if (anything_bad(run)) return ExitCode::failed;
  if (results::count(run).passed > 0 || empty_shard) return ExitCode::ok;
  fmt::print(stderr, "rtfx: nothing was run: every case is skipped or cancelled\n");
  return ExitCode::nothing_to_run;
}

/// Whether the shard has no part in a selection that is not empty as a whole. Throws what is wrong
/// with the selection.
bool is_empty_shard(const Cases& cases, const runner::RunOptions& options) {
  if (options.only || options.shard.count < 2) return false;
  if (runner::make_plan(*cases.tree, options, cases.table).selects_anything()) return false;
  runner::RunOptions whole = options;
  whole.shard = {};
  if (!runner::make_plan(*cases.tree, whole, cases.table).selects_anything()) return false;
  fmt::print(stderr, "rtfx: note: shard {}/{} is empty: it has no part in what would run\n",
             options.shard.index, options.shard.count);
  return true;
}

/// Who is told, while it runs.
struct Audience {
  Audience(const Context& context, const Options& options, const runner::RunOptions& run)
      : console(console_options(context, options, run)) {
    all.add(console);
    if (options.tap) all.add(tap.emplace());
    if (options.json) all.add(json.emplace());
  }

  static console::ConsoleOptions console_options(const Context& context, const Options& options,
                                                 const runner::RunOptions& run) {
    console::ConsoleOptions look;
    look.verbosity = context.verbosity;
    look.several_arches = run.arches.size() > 1;
    look.one_at_a_time = run.jobs == 1;
    look.colour = use_colour(STDERR_FILENO);
    look.opening_lines = !options.tap && !options.json;
    // What programs read is not mixed with a live area, should a person look at it.
    look.progress = !options.plain && (look.opening_lines || isatty(STDOUT_FILENO) == 0);
    return look;
  }

  console::Console console;
  std::optional<console::TapReporter> tap;
  std::optional<console::JsonReporter> json;
  console::Reporters all;
};

void check_junit_place(const Options& options) {
  if (options.junit.empty()) return;
  const fs::path folder = fs::absolute(options.junit).parent_path();
  if (fs::is_directory(folder) && !fs::is_directory(options.junit)) return;
  throw Error(fmt::format("--junit {}: expected a file in a folder that exists", options.junit),
              ExitCode::usage);
}

/// What the next run may know; that it will not is no reason for this one to fail.
void learn(const fs::path& results, const results::RunRecord& record) {
  try {
    results::remember(results, record);
  } catch (const Error& error) {
    fmt::print(stderr, "rtfx: note: durations are not remembered: {}\n", error.what());
  }
}

int run(const Context& context, const Options& options) {
  check_junit_place(options);
  if (!options.resume.empty()) refuse_with_resume(context, options);
  // The small process that starts the others is made of this one, which is small only now.
  const std::unique_ptr<process::Loop> loop = process::make_loop();
  const Cases cases = load_cases(context);
  runner::RunOptions run = run_options(context, options, cases);
  if (!options.resume.empty()) resume(options, cases, run);

  const results::History history = results::History::read(run.results);
  run.duration = [&](const results::UnitId& unit) { return history.duration(unit); };
  run.key = runner::make_input_keys(cases.project, run);
  if (options.cached) {
    run.known = [&](const results::UnitId& unit, const std::string& key) {
      return history.pass(unit, key);
    };
  }

  const bool empty_shard = is_empty_shard(cases, run);
  if (cases.project && !options.no_build)
    run.unprepared = build_missing_packages(context, *cases.project, run.arches);
  if (options.resume.empty()) keep_earlier_run(run.results, run.id);

  Audience audience(context, options, run);
  audience.console.attach(*loop);
  const results::RunRecord record =
      runner::run_cases(*cases.tree, run, cases.table, *loop, audience.all, context.stop);
  audience.console.detach();
  audience.console.summary(record);
  // The history divides the other parts too: this one may not change it.
  const bool divided_by_history =
      run.shard.count > 1 && !run.shard_duration && run.shard.by == runner::Shard::By::duration;
  if (!divided_by_history) learn(run.results, record);
  if (!options.junit.empty()) {
    const fs::path folder = run.results / record.start.run_id;
    write_file_atomically(options.junit, read_file(folder / "junit.xml"));
  }
  return static_cast<int>(exit_code(record, empty_shard, context.stop));
}

void add_running_flags(CLI::App& command, Options& options) {
  command.add_flag("-x,--extra", options.trace, "run the scripts with sh -x");
  command.add_flag("-p,--parallel", options.parallel,
                   "run as many cases at the same time as there are processors");
  command.add_option("-j,--jobs", options.jobs, "run N cases at the same time")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  command
      .add_option("--retries", options.retries,
                  "try a case again, at most N times, until it passes")
      ->type_name("N")
      ->check(CLI::Range(0, 100));
  command
      .add_option("--timeout", options.timeout,
                  "time limit of a case without # TIMEOUT: (default: 10m)")
      ->type_name("TIME");
  command.add_option("--global-timeout", options.global_timeout, "time limit of the whole run")
      ->type_name("TIME");
  command
      .add_option("--grace", options.grace,
                  "how long a case over its time limit has to end (default: 1s)")
      ->type_name("TIME");
  command.add_option("-e,--env", options.env, "set NAME for the scripts")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command.add_option("--resume", options.resume, "run what the run ID has no result for")
      ->type_name("ID");
  command.add_flag("--cached", options.cached,
                   "do not run cases with # INPUTS: that passed and have not changed since");
  command.add_flag("--no-build", options.no_build,
                   "do not build the project's packages that are missing");
}

void add_output_flags(CLI::App& command, Options& options) {
  command
      .add_option("-r,--resultdir", options.results, "folder of the results (default: _results)")
      ->type_name("DIR");
  command.add_option("--id", options.id, "id of the run (default: a new one)")->type_name("ID");
  command.add_option("--junit", options.junit, "write junit.xml to FILE too")->type_name("FILE");
  const auto tap = command.add_flag("--tap", options.tap, "print TAP 14 on standard output");
  command.add_flag("--json", options.json, "print the events as lines of JSON on standard output")
      ->excludes(tap);
  command.add_flag("--plain", options.plain, "no live progress on a terminal");
}

}  // namespace

void add_run(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("run", "run test cases");
  const auto options = std::make_shared<Options>();
  add_selection_flags(*command, options->selection);
  add_running_flags(*command, *options);
  add_output_flags(*command, *options);
  command->callback([&context, options] {
    context.action = [&context, options] { return run(context, *options); };
  });
}

}  // namespace rtfx::commands
