// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>
#include <thread>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/git/git.hpp"
#include "runner/commands/cases.hpp"
#include "runner/commands/console.hpp"
#include "runner/commands/packages.hpp"
#include "runner/plan.hpp"
#include "runner/run.hpp"

namespace rtfx::commands {
namespace {

struct Options {
  std::vector<std::string> patterns, env;
  std::string shard, id, timeout, results;
  bool trace = false, parallel = false, no_build = false;
  int jobs = 0;
};

/// The command line for the log. What -e sets may be secret and stays out of it.
std::string command_line() {
  std::vector<std::string> words = text::split(read_file("/proc/self/cmdline"), '\0');
  if (!words.empty()) words.pop_back();
  bool value_of_env = false;
  for (std::string& word : words) {
    const bool joined = word.starts_with("-e") || word.starts_with("--env=");
    const std::size_t from = joined && word.starts_with("--") ? 6 : 0;
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

std::string commit_of(const Cases& cases) {
  const auto repository = git::Repository::discover(cases.tree->directory);
  return repository ? repository->head_commit().value_or("") : "";
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

runner::RunOptions run_options(const Context& context, const Options& options, const Cases& cases) {
  runner::RunOptions run;
  run.patterns = options.patterns;
  run.labels = context.labels;
  run.arches = cases.arches;
  run.jobs = jobs_of(options);
  run.trace = options.trace;
  run.shard = parse_shard(options.shard);
  run.env = environment_of(options, cases);
  run.results = !options.results.empty() ? fs::path(options.results)
                : cases.project          ? cases.project->root / "_results"
                                         : "_results";
  run.id = options.id;
  run.link_latest = options.id.empty();
  run.version = RTFX_VERSION;
  run.commit = commit_of(cases);
  run.command_line = command_line();
  if (options.timeout.empty()) return run;
  const auto limit = runner::parse_time_limit(options.timeout);
  if (!limit)
    throw Error(
        fmt::format("--timeout \"{}\": expected seconds, or 30s, 5m or 1h", options.timeout),
        ExitCode::usage);
  run.default_timeout = *limit;
  return run;
}

bool anything_bad(const results::RunRecord& run) {
  return std::any_of(run.units.begin(), run.units.end(), [](const results::UnitRecord& unit) {
    return !unit.finished ? unit.planned.unit.kind == "case"
                          : results::rtf_result(unit.finished->result) == 1;
  });
}

/// Nothing that passed is no success; but an empty shard is: other shards run what there is.
ExitCode exit_code(const results::RunRecord& run, bool empty_shard, std::stop_token stop) {
  if (stop.stop_requested() && !run.finished) return ExitCode::interrupted;
  if (anything_bad(run)) return ExitCode::failed;
  if (results::count(run).passed > 0 || empty_shard) return ExitCode::ok;
  fmt::print(stderr, "rtfx: nothing was run: every case is skipped or cancelled\n");
  return ExitCode::nothing_to_run;
}

std::map<std::string, std::string> issues_of(const runner::Group& tree) {
  std::map<std::string, std::string> issues;
  for (const runner::Case* test : runner::all_cases(tree)) {
    if (!test->headers.issue.empty()) issues.emplace(test->name, test->headers.issue);
  }
  return issues;
}

/// Whether the shard has no part in a selection that is not empty as a whole. Throws what is wrong
/// with the selection.
bool is_empty_shard(const Cases& cases, runner::RunOptions options) {
  if (runner::make_plan(*cases.tree, options, cases.table).selects_anything() ||
      options.shard.count < 2)
    return false;
  options.shard = {};
  return runner::make_plan(*cases.tree, options, cases.table).selects_anything();
}

int run(const Context& context, const Options& options) {
  const Cases cases = load_cases(context);
  const runner::RunOptions run_as = run_options(context, options, cases);
  const bool empty_shard = is_empty_shard(cases, run_as);
  if (empty_shard) {
    fmt::print(stderr, "rtfx: note: shard {}/{} is empty: there are fewer cases than shards\n",
               run_as.shard.index, run_as.shard.count);
  }
  if (cases.project && !options.no_build)
    build_missing_packages(context, *cases.project, cases.arches);
  keep_earlier_run(run_as.results, run_as.id);
  ConsoleReporter console(context.verbosity, cases.arches.size() > 1, run_as.jobs == 1);
  console.know_issues(issues_of(*cases.tree));
  const auto record = runner::run_cases(*cases.tree, run_as, cases.table, process::system_runner(),
                                        console, context.stop);
  console.summary(record);
  return static_cast<int>(exit_code(record, empty_shard, context.stop));
}

}  // namespace

void add_run(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("run", "run test cases");
  const auto options = std::make_shared<Options>();
  command->add_option("pattern", options->patterns,
                      "names of cases or groups, or the start of names");
  command->add_flag("-x,--extra", options->trace, "run the scripts with sh -x");
  command->add_flag("-p,--parallel", options->parallel,
                    "run as many cases at the same time as there are processors");
  command->add_option("-j,--jobs", options->jobs, "run N cases at the same time")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  command->add_option("-s,--shard", options->shard, "run part N of M of what would run")
      ->type_name("N/M");
  command
      ->add_option("-r,--resultdir", options->results, "folder of the results (default: _results)")
      ->type_name("DIR");
  command->add_option("--id", options->id, "id of the run (default: a new one)")->type_name("ID");
  command->add_option("-e,--env", options->env, "set NAME for the scripts")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command->add_flag("--no-build", options->no_build,
                    "do not build the project's packages that are missing");
  command
      ->add_option("--timeout", options->timeout,
                   "time limit of a case without # TIMEOUT: (default: 10m)")
      ->type_name("TIME");
  command->callback([&context, options] {
    context.action = [&context, options] { return run(context, *options); };
  });
}

}  // namespace rtfx::commands
