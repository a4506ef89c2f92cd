// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/release_results.hpp"

#include <algorithm>
#include <map>

#include "base/files.hpp"
#include "results/record.hpp"

namespace rtfx::commands {
namespace {

gate::Plan plan_of(const fs::path& folder, const gate::Plan& plan) {
  const gate::Plan theirs = gate::read_plan(folder / "plan.json");
  const std::string difference = gate::difference(plan, theirs);
  if (!difference.empty())
    throw Error(folder.string() + ": its results are of another plan: " + difference,
                ExitCode::usage);
  return theirs;
}

void add_subject(Carried& carried, const results::Subject& subject) {
  const bool known = std::any_of(carried.subjects.begin(), carried.subjects.end(),
                                 [&](const results::Subject& other) {
                                   return other.name == subject.name && other.arch == subject.arch;
                                 });
  if (!known) carried.subjects.push_back(subject);
}

/// The images of the plan that a layout names.
void take_layout(const fs::path& layout, const gate::Plan& plan, Carried& carried) {
  const auto names = oci::Store(layout).names();
  for (const gate::Requirement& requirement : plan.requirements) {
    const results::UnitId& unit = requirement.unit;
    const auto found = names.find(unit.name + "-" + unit.arch);
    if (unit.kind == "package" && found != names.end())
      add_subject(carried, {unit.name, unit.arch, found->second.digest.str()});
  }
  carried.images.push_back(layout);
}

/// The images that a run of this machine tested, as far as the content store still has them.
void take_store(const fs::path& run, const fs::path& store, Carried& carried) {
  if (!fs::exists(store / "oci-layout")) return;
  const oci::Store images(store);
  for (const results::Subject& subject : results::read_run(run).start.subjects) {
    if (images.has(Digest::parse(subject.digest))) add_subject(carried, subject);
  }
  const fs::path absolute = fs::absolute(store).lexically_normal();
  if (std::find(carried.images.begin(), carried.images.end(), absolute) == carried.images.end())
    carried.images.push_back(absolute);
}

/// "a/b/" and "a/b" are one folder.
fs::path folder_of(const std::string& text) {
  const fs::path path = fs::absolute(text).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

void carry_images(const gate::Artifacts& artifacts, const oci::Store& store,
                  const fs::path& folder) {
  oci::Store images(folder / "images");
  images.start_writing();
  std::map<std::string, oci::Descriptor> names;
  for (const auto& [unit, manifest] : artifacts.manifests) {
    const auto& [ref, arch] = unit;
    images.copy_from(store, manifest);
    names.insert_or_assign(ref + "-" + arch, manifest);
  }
  images.tag_all(names);
  images.stop_writing();
}

void require_empty_or_same(const fs::path& folder, const gate::Plan& plan) {
  if (!fs::exists(folder)) return;
  if (!fs::is_directory(folder))
    throw Error("--out: " + folder.string() + " is not a folder", ExitCode::usage);
  if (fs::exists(folder / "plan.json")) {
    plan_of(folder, plan);
  } else if (!fs::is_empty(folder)) {
    throw Error("--out: " + folder.string() +
                    " has files, but no results of a release; name a new or empty folder",
                ExitCode::usage);
  }
}

Carried open_results(const std::vector<std::string>& folders, const gate::Plan& plan,
                     const fs::path& store) {
  Carried carried;
  for (const std::string& text : folders) {
    const fs::path folder = folder_of(text);
    for (const char* file : {"events.jsonl", "plan.json"}) {
      if (!fs::exists(folder / file))
        throw Error("--results: " + text + " has no " + file +
                        "; name the folder that `rtfx release test --out` made",
                    ExitCode::usage);
    }
    plan_of(folder, plan);
    if (std::find(carried.runs.begin(), carried.runs.end(), folder) != carried.runs.end()) continue;
    carried.runs.push_back(folder);
    if (fs::exists(folder / "images")) {
      take_layout(folder / "images", plan, carried);
    } else {
      take_store(folder, store, carried);
    }
  }
  return carried;
}

}  // namespace rtfx::commands
