// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/decision.hpp"

#include <algorithm>

#include "base/files.hpp"
#include "ci/gate/findings.hpp"

namespace rtfx::gate {
namespace {

Digest evidence_of(const std::vector<RunFolder>& runs) {
  if (runs.size() == 1) return runs.front().events;
  std::vector<std::string> lines;
  for (const RunFolder& run : runs) lines.push_back(run.events.str() + "\n");
  std::sort(lines.begin(), lines.end());
  Hasher hasher;
  for (const std::string& line : lines) hasher.update(line);
  return hasher.finish();
}

/// The unit as it was judged: a pass that another run contradicts has that one's failure as an earlier attempt.
results::UnitRecord judged_unit(const Requirement& requirement, const Finding& finding) {
  results::UnitRecord unit;
  unit.planned.unit = requirement.unit;
  if (finding.record == nullptr) return unit;
  unit = *finding.record;
  if (finding.disagrees != nullptr && finding.disagrees->finished) {
    const results::UnitFinished& failure = *finding.disagrees->finished;
    results::UnitRetried attempt;
    attempt.unit = requirement.unit;
    attempt.result = failure.result;
    attempt.reason = failure.reason;
    attempt.elapsed = failure.elapsed;
    attempt.leaked = failure.leaked;
    unit.retried.push_back(std::move(attempt));
  }
  return unit;
}

results::RunRecord combine(const Plan& plan, const std::vector<JudgedRun>& runs,
                           const std::vector<results::Subject>& subjects) {
  results::RunRecord all;
  if (!runs.empty()) all.start = runs.front().record.start;
  all.start.subjects = subjects;
  all.finished = !runs.empty();
  for (const JudgedRun& run : runs) {
    if (runs.size() > 1) all.start.merged.push_back(run.record.start.run_id);
    all.finished = all.finished && run.record.finished;
    if (run.record.begin && (!all.begin || *run.record.begin < *all.begin))
      all.begin = run.record.begin;
    if (run.record.end && (!all.end || *all.end < *run.record.end)) all.end = run.record.end;
  }
  const std::vector<Finding> findings = look_up(plan, runs, subjects);
  for (std::size_t i = 0; i < findings.size(); ++i)
    all.units.push_back(judged_unit(plan.requirements[i], findings[i]));
  return all;
}

}  // namespace

Decision make_decision(const std::string& id, const Plan& plan,
                       const std::vector<std::filesystem::path>& runs,
                       const std::vector<results::Subject>& subjects,
                       const std::vector<std::filesystem::path>& images, const Rules& rules) {
  Decision decision;
  decision.id = id;
  decision.plan = plan;
  decision.commit = plan.commit;
  decision.subjects = subjects;
  decision.images = images;
  decision.rules = rules;
  std::vector<JudgedRun> judged;
  for (const std::filesystem::path& folder : runs) {
    const Digest before = Digest::of_file(folder / "events.jsonl");
    judged.push_back({folder.filename().string(), results::read_run(folder)});
    if (Digest::of_file(folder / "events.jsonl") != before)
      throw Error(folder.string() + ": events.jsonl is being written; wait for that run");
    decision.runs.push_back({std::filesystem::absolute(folder).lexically_normal(), before});
  }
  decision.evidence = evidence_of(decision.runs);
  decision.verdict = decide(plan, judged, subjects, rules);
  decision.run = combine(plan, judged, subjects);
  return decision;
}

}  // namespace rtfx::gate
