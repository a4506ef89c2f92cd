// SPDX-License-Identifier: Apache-2.0
//
// A run from top to bottom. The tree has been discovered already (tree.hpp); the passes stand below
// in their order.
#include "runner/run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "results/reports.hpp"
#include "runner/execute.hpp"
#include "runner/opening.hpp"
#include "runner/plan.hpp"
#include "runner/run_folder.hpp"
#include "runner/steps.hpp"

namespace rtfx::runner {
namespace {

RunInfo describe(const RunFolder& folder, const results::RunStarted& start,
                 const std::vector<Step>& steps, const Schedule& schedule, int jobs) {
  const auto cases = std::count_if(steps.begin(), steps.end(),
                                   [](const Step& step) { return step.kind == Step::Kind::unit; });
  return {folder.id,
          folder.path,
          text::join(start.labels, ", "),
          static_cast<std::size_t>(cases),
          jobs,
          schedule.expected()};
}

void report(const results::RunRecord& record, const fs::path& folder) {
  try {
    results::write_reports(record, folder);
  } catch (const Error& error) {
    throw Error(fmt::format("{}\nevery result is in {}; when that is mended, run: rtfx report {}",
                            error.what(), (folder / "events.jsonl").string(), folder.string()));
  }
}

results::RunRecord conclude(RunLog& log, const Executed& executed, const fs::path& folder) {
  log.append({results::RunFinished{executed.complete, executed.reason}});
  results::RunRecord record = log.take();
  report(record, folder);
  return record;
}

/// The results so far are worth a report; that it cannot be written must not hide what went wrong
/// first.
[[noreturn]] void give_up(RunLog& log, const Executed& executed, const fs::path& folder) {
  try {
    conclude(log, executed, folder);
  } catch (const Error&) {
  }
  try {
    std::rethrow_exception(executed.failure);
  } catch (const Error& error) {
    throw error.with_context("the run was stopped");
  }
}

}  // namespace

results::RunRecord run_cases(const Group& tree, const RunOptions& options, const ArchTable& arches,
                             process::Loop& loop, Reporter& reporter, std::stop_token stop) {
  // Select and plan: what is wrong with the selection is told before anything is written.
  const Plan plan = make_plan(tree, options, arches);
  const std::vector<Step> steps = make_steps(tree, plan, options.arches);

  // Schedule: what may run beside what, and what is most urgent.
  Schedule schedule(make_tasks(steps, plan, options), {options.jobs, options.memory});

  // From here on everything is recorded.
  const RunFolder folder = make_run_folder(options.results, options.id, options.link_latest);
  const StepScripts scripts(tree, options, arches, folder.path, plan);
  RunLog log(folder.path, reporter);
  const results::RunStarted start = describe_run(folder.id, options, arches);
  reporter.run_started(describe(folder, start, steps, schedule, options.jobs));
  log.append({start});
  log_plan(log, options, plan, steps);
  log_what_needs_no_run(log, options, plan);

  // Execute, and report.
  const Executed executed =
      execute({options, plan, steps, scripts, schedule, folder.path, log}, loop, stop);
  if (executed.failure) give_up(log, executed, folder.path);
  return conclude(log, executed, folder.path);
}

}  // namespace rtfx::runner
