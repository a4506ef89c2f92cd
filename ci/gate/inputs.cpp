// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/inputs.hpp"

#include <algorithm>
#include <optional>

#include "base/files.hpp"
#include "harness/git/git.hpp"

namespace rtfx::gate {
namespace {

constexpr std::size_t shown_hex = 16;  // of a digest over changes

/// The differences to HEAD at or below `path`, as one digest; "" for none.
std::string changes_digest(const git::Repository& repository, const fs::path& path) {
  const fs::path folder = fs::is_directory(path) ? path : path.parent_path();
  const std::string only =
      fs::is_directory(path)
          ? ""
          : fs::canonical(path).lexically_relative(repository.root()).generic_string();
  Hasher hasher;
  bool any = false;
  for (const git::Change& change : repository.changes(folder)) {
    if (!only.empty() && change.path != only) continue;
    any = true;
    for (const std::string& word : {change.path, change.mode, change.content})
      hasher.update(std::to_string(word.size()) + ":" + word);
  }
  return any ? hasher.finish().hex().substr(0, shown_hex) : "";
}

/// Names, kinds and contents below a directory that git does not know. Results of runs are no input.
void add_tree(Hasher& hasher, const fs::path& path, const std::string& name) {
  hasher.update(std::to_string(name.size()) + ":" + name);
  if (fs::is_symlink(path)) {
    hasher.update("link " + Digest::of(fs::read_symlink(path).string()).str());
  } else if (!fs::is_directory(path)) {
    const bool program =
        (fs::status(path).permissions() & fs::perms::owner_exec) != fs::perms::none;
    hasher.update((program ? "program " : "file ") + Digest::of_file(path).str());
  } else {
    std::vector<fs::path> entries;
    for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
      const std::string word = entry.path().filename().string();
      if (word != "_results" && word != "_tmp" && word != "_release" && word != "_build")
        entries.push_back(entry.path());
    }
    std::sort(entries.begin(), entries.end());
    for (const fs::path& entry : entries)
      add_tree(hasher, entry, name + "/" + entry.filename().string());
  }
}

std::string describe(const git::Repository* repository, const fs::path& path) {
  if (repository != nullptr) {
    std::string text = fs::is_directory(path) ? "tree:" + repository->tree_hash(path, "HEAD")
                                              : Digest::of_file(path).str();
    if (const std::string changes = changes_digest(*repository, path); !changes.empty())
      text += "+" + changes;
    return text;
  }
  if (!fs::is_directory(path)) return Digest::of_file(path).str();
  Hasher hasher;
  add_tree(hasher, path, "");
  return hasher.finish().str();
}

}  // namespace

void describe_inputs(const Input& input, Plan& plan) {
  std::optional<git::Repository> repository;
  if (!input.project.root.empty()) repository = git::Repository::discover(input.project.root);
  std::optional<std::string> head;
  if (repository) head = repository->head_commit();
  plan.commit = head.value_or("");
  const git::Repository* committed = head ? &*repository : nullptr;
  const auto add = [&](const std::string& name, const fs::path& path) {
    try {
      plan.inputs[name] = describe(committed, path);
    } catch (const Error&) {  // not in that repository, or not committed at all
      plan.inputs[name] = describe(nullptr, path) + (committed != nullptr ? "+" : "");
    }
  };
  const fs::path settings = input.project.root / "rtfx.yml";
  if (fs::is_regular_file(settings)) add("rtfx.yml", settings);
  if (!input.project.cases.empty()) add("cases", input.project.cases);
  for (const Example& example : input.examples) add("examples/" + example.name, example.file);
}

std::vector<std::string> changed_inputs(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto& [name, digest] : plan.inputs) {
    if (digest.find('+') != std::string::npos) names.push_back(name);
  }
  return names;
}

}  // namespace rtfx::gate
