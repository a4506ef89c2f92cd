// SPDX-License-Identifier: Apache-2.0
#include "runner/resume.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "results/record.hpp"

namespace rtfx::runner {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> runs_in(const fs::path& results) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(results, ignored)) {
    if (fs::exists(entry.path() / "events.jsonl")) names.push_back(entry.path().filename());
  }
  return names;
}

}  // namespace

Unfinished read_unfinished(const fs::path& results, const std::string& id) {
  const fs::path folder = results / id;
  if (id.empty() || !fs::exists(folder / "events.jsonl")) {
    throw Error(fmt::format("--resume {}: there is no such run in {}{}", id, results.string(),
                            text::did_you_mean(id, runs_in(results))),
                ExitCode::usage);
  }
  const results::RunRecord run = results::read_run(folder);
  Unfinished left;
  left.id = fs::canonical(folder).filename();  // "latest" is a link
  left.labels = run.start.given_labels;
  left.shard = run.start.shard;
  for (const results::UnitRecord& unit : run.units) {
    const results::UnitId& id_of = unit.planned.unit;
    if (id_of.kind != "case") continue;
    if (std::find(left.arches.begin(), left.arches.end(), id_of.arch) == left.arches.end())
      left.arches.push_back(id_of.arch);
    if (unit.finished && !unit.finished->interrupted) {
      ++left.finished;
    } else {
      left.units.insert(id_of);
    }
  }
  return left;
}

}  // namespace rtfx::runner
