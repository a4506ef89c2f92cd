// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/reuse.hpp"

#include <algorithm>
#include <set>

#include "base/files.hpp"
#include "harness/process/process.hpp"
#include "results/event_log.hpp"

namespace rtfx::gate {
namespace {

/// Adds a text with its length, so that neighbours cannot run into each other.
void add(Hasher& hasher, const std::string& text) {
  hasher.update(std::to_string(text.size()) + ":");
  hasher.update(text);
}

std::vector<fs::path> sorted_entries(const fs::path& directory) {
  std::vector<fs::path> entries;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory))
    entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

void add_tree(Hasher& hasher, const fs::path& path, const fs::path& name) {
  const fs::file_status status = fs::symlink_status(path);
  add(hasher, name.string());
  add(hasher, std::to_string(static_cast<unsigned>(status.permissions())));
  if (fs::is_symlink(status)) {
    add(hasher, "link " + fs::read_symlink(path).string());
  } else if (fs::is_directory(status)) {
    for (const fs::path& entry : sorted_entries(path))
      add_tree(hasher, entry, name / entry.filename());
  } else {
    add(hasher, "file " + Digest::of_file(path).str());
  }
}

/// The scripts of the tree that a case may be run with or may source: everything of the cases folder that is not a case.
void add_shared_scripts(Hasher& hasher, const fs::path& directory, const fs::path& name) {
  if (fs::exists(directory / "test.sh")) return;
  for (const fs::path& entry : sorted_entries(directory)) {
    const fs::path entry_name = name / entry.filename();
    if (!fs::is_directory(entry)) {
      add_tree(hasher, entry, entry_name);
    } else if (entry.filename().string().starts_with("_")) {
      const std::string word = entry.filename().string();
      if (word != "_results" && word != "_tmp") add_tree(hasher, entry, entry_name);
    } else {
      add_shared_scripts(hasher, entry, entry_name);
    }
  }
}

/// What tells one build of an emulator from another without running it.
std::string program_identity(const std::string& name) {
  const auto path = process::find_program(name);
  if (!path) return name + " absent";
  const auto changed = fs::last_write_time(*path).time_since_epoch().count();
  return path->string() + " " + std::to_string(fs::file_size(*path)) + " " +
         std::to_string(changed);
}

Digest common_digest(const Input& input, const fs::path& program,
                     const std::map<std::string, std::string>& environment) {
  Hasher hasher;
  add(hasher, Digest::of_file(program).str());
  for (const Arch& arch : input.project.all_arch_rows()) add(hasher, program_identity(arch.qemu));
  add_shared_scripts(hasher, input.project.cases, "cases");
  for (const Example& example : input.examples) add_tree(hasher, example.file, example.name);
  for (const auto& [name, value] : environment) add(hasher, name + "=" + value);
  return hasher.finish();
}

}  // namespace

Digest tree_digest(const fs::path& path) {
  Hasher hasher;
  add_tree(hasher, path, "");
  return hasher.finish();
}

CaseKeys::CaseKeys(const Input& input, const std::vector<results::Subject>& subjects,
                   const fs::path& program, const std::map<std::string, std::string>& environment)
    : common_(common_digest(input, program, environment)) {
  std::vector<results::Subject> sorted = subjects;
  std::sort(sorted.begin(), sorted.end());
  for (const results::Subject& subject : sorted)
    subjects_[subject.arch] += subject.name + " " + subject.digest + "\n";
}

std::string CaseKeys::key(const runner::Case& test, const Arch& arch) const {
  Hasher hasher;
  add(hasher, common_.str());
  add(hasher, test.name);
  if (!test.group->variant.empty()) add(hasher, "variant " + test.group->variant);
  add(hasher, arch.name);
  const auto subjects = subjects_.find(arch.name);
  add(hasher, subjects == subjects_.end() ? "" : subjects->second);
  add(hasher, tree_digest(test.directory).str());
  return hasher.finish().hex();
}

void KnownResults::add_run(const fs::path& folder) {
  const fs::path log = folder / "events.jsonl";
  if (!fs::exists(log)) return;
  try {
    std::string id;
    std::set<results::UnitId> retried;  // what passed only then proves little
    for (results::Event& event : results::read_events(log)) {
      if (const auto* start = std::get_if<results::RunStarted>(&event.what)) id = start->run_id;
      if (const auto* again = std::get_if<results::UnitRetried>(&event.what))
        retried.insert(again->unit);
      auto* finished = std::get_if<results::UnitFinished>(&event.what);
      if (!finished || finished->key.empty() || finished->result != results::Result::pass ||
          retried.contains(finished->unit))
        continue;
      results::UnitFinished& pass = *finished;
      if (pass.reused_from.empty()) pass.reused_from = id;
      pass.log.clear();
      passes_[{pass.unit, pass.key}] = pass;
    }
  } catch (const Error&) {
    return;
  }
}

void KnownResults::add_runs(const fs::path& results) {
  std::vector<std::pair<fs::file_time_type, fs::path>> runs;
  std::error_code error;
  for (const fs::directory_entry& run : fs::directory_iterator(results, error)) {
    const fs::path log = run.path() / "events.jsonl";
    if (!run.is_symlink() && fs::exists(log))
      runs.emplace_back(fs::last_write_time(log, error), run.path());
  }
  std::sort(runs.begin(), runs.end());
  for (const auto& [time, run] : runs) add_run(run);
}

std::optional<results::UnitFinished> KnownResults::find(const results::UnitId& unit,
                                                        const std::string& key) const {
  const auto found = passes_.find({unit, key});
  if (found == passes_.end()) return std::nullopt;
  return found->second;
}

}  // namespace rtfx::gate
