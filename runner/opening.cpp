// SPDX-License-Identifier: Apache-2.0
#include "runner/opening.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "runner/select.hpp"
#include "runner/system.hpp"

namespace rtfx::runner {

using results::Result;
using results::UnitFinished;
using results::UnitId;

namespace {

/// Units of the run that is resumed whose cases have gone since.
std::set<UnitId> vanished(const RunOptions& options, const Plan& plan) {
  std::set<UnitId> wanted = options.only.value_or(std::set<UnitId>());
  for (const CaseUnit& unit : plan.units) wanted.erase(unit.planned.unit);
  return wanted;
}

}  // namespace

results::RunStarted describe_run(const std::string& id, const RunOptions& options,
                                 const ArchTable& arches) {
  const SystemInfo& system = system_info();
  results::RunStarted start;
  start.run_id = id;
  start.version = options.version;
  start.commit = options.commit;
  start.command_line = options.command_line;
  start.given_labels = options.labels;
  if (options.shard.count > 1)
    start.shard = fmt::format("{}/{}", options.shard.index, options.shard.count);
  start.subjects = options.subjects;
  start.host_os = system.os;
  start.host_arch = system.arch;
  start.host_name = system.name;
  start.host_version = system.version;
  start.host_model = system.model;
  start.host_cpu = system.cpu;
  start.host_memory = system.memory;
  start.hostname = system.hostname;
  Labels labels;
  for (const Arch& arch : options.arches)
    labels.inherit(present_labels(options.labels, arch, arches));
  start.labels.assign(labels.wanted.begin(), labels.wanted.end());
  for (const auto& label : labels.unwanted) start.labels.push_back("!" + label);

  return start;
}

void log_plan(RunLog& log, const RunOptions& options, const Plan& plan,
              const std::vector<Step>& steps) {
  const auto add = [&log](UnitId unit, const std::string& summary) {
    results::UnitPlanned planned;
    planned.unit = std::move(unit);
    planned.summary = summary;
    log.append({std::move(planned)});
  };
  const auto add_scripts = [&](Step::Kind kind) {
    for (const Step& step : steps) {
      if (step.kind == kind) add(unit_of(step, plan), step.group->headers.summary);
    }
  };
  for (const UnitFinished& prior : options.prior) add(prior.unit, "");
  add_scripts(Step::Kind::init);
  for (const CaseUnit& unit : plan.units) log.append({unit.planned});
  add_scripts(Step::Kind::deinit);
}

void log_what_needs_no_run(RunLog& log, const RunOptions& options, const Plan& plan) {
  for (const UnitFinished& prior : options.prior) log.append({prior});
  for (const CaseUnit& unit : plan.units) {
    UnitFinished finished;
    if (unit.reused) {
      finished = *unit.reused;
      finished.key = unit.key;
      if (finished.reused_from.empty()) finished.reused_from = "an earlier run";
    } else if (!unit.skip_reason.empty()) {
      finished.result = Result::skip;
      finished.reason = unit.skip_reason;
    } else if (!unit.error_reason.empty()) {
      finished.result = Result::error;
      finished.reason = unit.error_reason;
    } else {
      continue;
    }
    finished.unit = unit.planned.unit;
    log.append({std::move(finished)});
  }
  for (const UnitId& id : vanished(options, plan)) {
    UnitFinished finished;
    finished.unit = id;
    finished.result = Result::error;
    finished.reason = "there is no such case any more";
    log.append({std::move(finished)});
  }
}

}  // namespace rtfx::runner
