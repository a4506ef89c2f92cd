// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/release_judge.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <vector>

#include "base/files.hpp"
#include "ci/gate/excuses.hpp"
#include "ci/publish/journal.hpp"
#include "ci/publish/record.hpp"
#include "results/timestamp.hpp"
#include "runner/commands/table.hpp"

namespace rtfx::commands {
namespace {

std::vector<gate::Waiver> read_waivers(const std::string& given, const runner::Project& project) {
  const fs::path file = given.empty() ? project.root / "waivers.yml" : fs::path(given);
  if (given.empty() && !fs::exists(file)) return {};
  std::string bytes;
  try {
    bytes = read_file(file);
  } catch (const Error& error) {
    throw Error(std::string("--waivers: ") + error.what(), ExitCode::usage);
  }
  std::vector<std::string> arches;
  for (const runner::ProjectArch& arch : project.arches) arches.push_back(arch.name);
  Diagnostics diagnostics;
  std::vector<gate::Waiver> waivers = gate::parse_waivers(bytes, file, arches, diagnostics);
  diagnostics.throw_if_any();
  return waivers;
}

gate::Baseline baseline_of_release(const fs::path& folder, const std::string& source) {
  const fs::path file = folder / "verdict.json";
  gate::Baseline baseline = gate::parse_baseline(read_file(file), file.string());
  if (baseline.results.empty())
    throw Error(source + " did not ship, so it is no released state to compare with",
                ExitCode::usage);
  baseline.source = source;
  return baseline;
}

gate::Baseline baseline_in(const fs::path& folder) {
  if (fs::exists(folder / "verdict.json"))
    return baseline_of_release(folder, "the release " + folder.string());
  if (fs::exists(folder / "events.jsonl"))
    return gate::baseline_of(results::read_run(folder), "the run " + folder.string());
  throw Error("--regress: " + folder.string() +
                  " is neither the folder of a release (_release/ID) nor of a run (_results/ID)",
              ExitCode::usage);
}

/// The newest release of the project that was published to its end.
std::optional<gate::Baseline> newest_release(const runner::Project& project) {
  std::vector<fs::path> folders;
  std::error_code absent;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(project.root / "_release", absent)) {
    if (fs::exists(entry.path() / "verdict.json")) folders.push_back(entry.path());
  }
  std::sort(folders.rbegin(), folders.rend());
  for (const fs::path& folder : folders) {
    if (publish::stage_of(publish::read_journal(folder)) == publish::Stage::done)
      return baseline_of_release(folder, "release " + folder.filename().string());
  }
  return std::nullopt;
}

gate::Baseline find_baseline(const JudgeFlags& flags, const runner::Project& project,
                             const ReleasedRecord& record) {
  if (!flags.baseline.empty()) return baseline_in(flags.baseline);
  if (auto newest = newest_release(project)) return *std::move(newest);
  if (auto recorded = record()) return *std::move(recorded);
  throw Error(
      "--regress: there is no released state to compare with: _release has no finished release, "
      "and the target has no release record; name a folder (--regress=FOLDER), or release once "
      "without --regress",
      ExitCode::usage);
}

}  // namespace

void add_waivers_flag(CLI::App& command, JudgeFlags& flags) {
  command
      .add_option("--waivers", flags.waivers,
                  "cases that may fail for a while (default: waivers.yml beside rtfx.yml, if any)")
      ->type_name("FILE");
}

void add_judge_flags(CLI::App& command, JudgeFlags& flags) {
  command
      .add_option_function<std::string>(
          "--regress",
          [&flags](const std::string& folder) {
            flags.regress = true;
            flags.baseline = folder;
          },
          "what failed in the last released state does not block again; FOLDER: of a release or a "
          "run to compare with")
      ->expected(0, 1)
      ->default_str("")
      ->type_name("[=FOLDER]");
  add_waivers_flag(command, flags);
}

std::optional<gate::Baseline> released_record(publish::Target& target,
                                              const runner::Project& project) {
  const std::optional<publish::Record> record = publish::read_record(target, project.org, "latest");
  if (!record) return std::nullopt;
  gate::Baseline baseline{"the release record of " + target.name(), {}, false};
  const std::vector<std::string>& shipped = record->outcome.arches;
  for (const publish::NotPassing& unit : record->outcome.not_passing) {
    if (std::find(shipped.begin(), shipped.end(), unit.arch) != shipped.end())
      baseline.results[{unit.kind, unit.name, unit.arch}] = unit.result;
  }
  return baseline;
}

gate::Rules read_rules(const JudgeFlags& flags, const runner::Project& project,
                       const ReleasedRecord& record) {
  gate::Rules rules;
  rules.waivers = read_waivers(flags.waivers, project);
  if (flags.regress) rules.baseline = find_baseline(flags, project, record);
  rules.today = results::format_time_seconds(std::chrono::system_clock::now()).substr(0, 10);
  return rules;
}

void print_decision(const gate::Decision& decision, const fs::path& folder, bool json,
                    bool verbose) {
  if (json) {
    print(gate::verdict_json(decision.verdict, decision.id));
    return;
  }
  std::string text = "\n" + gate::verdict_text(decision.verdict);
  if (verbose)
    text += "\n" + gate::excuses_text(gate::make_excuses(decision.plan, decision.verdict));
  text += "\n";
  for (const gate::RunFolder& run : decision.runs) text += "reports  " + run.folder.string() + "\n";
  print(text + "verdict  " + (folder / "verdict.json").string() + "\nexcuses  " +
        (folder / "excuses.html").string() + "\n");
}

}  // namespace rtfx::commands
