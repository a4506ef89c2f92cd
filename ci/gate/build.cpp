// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/build.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace rtfx::gate {
namespace {

using results::Result;
using results::UnitFinished;

Result result_of(pkg::UnitEnding ending) {
  switch (ending) {
    case pkg::UnitEnding::built:
    case pkg::UnitEnding::cached:
    case pkg::UnitEnding::pulled:
      return Result::pass;
    case pkg::UnitEnding::in_registry:
    case pkg::UnitEnding::would_build:
      return Result::error;  // what is not here cannot be tested
    case pkg::UnitEnding::failed:
      return Result::fail;
    case pkg::UnitEnding::blocked:
      return Result::error;
    case pkg::UnitEnding::cancelled:
      return Result::cancel;
  }
  return Result::error;
}

UnitFinished finished_package(const pkg::UnitResult& unit) {
  UnitFinished finished;
  finished.unit = {"package", unit.ref, unit.arch};
  finished.result = result_of(unit.ending);
  finished.elapsed = unit.elapsed;
  finished.log = unit.log.string();
  if (!unit.ok())
    finished.reason =
        unit.error.empty() ? pkg::to_string(unit.ending) : text::split(unit.error, '\n').front();
  return finished;
}

void take(const pkg::UnitResult& unit, Artifacts& artifacts) {
  if (!unit.requested) return;
  artifacts.results.push_back(finished_package(unit));
  if (unit.ok() && unit.manifest) {
    artifacts.subjects.push_back({unit.ref, unit.arch, unit.manifest->digest.str()});
    artifacts.manifests.insert_or_assign({unit.ref, unit.arch}, *unit.manifest);
  } else {
    artifacts.broken.emplace(unit.arch, unit.ref + " was not built");
  }
}

/// Refuses an image that is not the one that was built a moment ago: somebody else may build into the same store.
void accept_only(const std::vector<results::Subject>& subjects, const std::string& arch,
                 const std::vector<image::UsedImage>& images) {
  for (const image::UsedImage& image : images) {
    for (const results::Subject& subject : subjects) {
      const bool same = subject.arch == arch && subject.name == image.ref;
      if (same && subject.digest != image.digest.str()) {
        throw Error(image.ref + " is " + image.digest.str() + " in the content store, but " +
                    subject.digest + " was built");
      }
    }
  }
}

UnitFinished assemble_one(const Example& example, image::AssembleOptions options,
                          const oci::Store& store, std::stop_token stop) {
  UnitFinished finished;
  finished.unit = {"image", example.name, options.arch.name};
  options.name = example.name;
  const auto start = std::chrono::steady_clock::now();
  try {
    std::filesystem::create_directories(options.directory);
    image::assemble(*example.spec, store, options, stop);
  } catch (const Error& error) {
    finished.result = Result::fail;
    finished.reason = text::split(error.what(), '\n').front();
  }
  finished.elapsed = std::chrono::steady_clock::now() - start;
  return finished;
}

}  // namespace

Artifacts build_packages(const Input& input, const Plan& plan,
                         const pkg::BuildEnvironment& environment,
                         const std::filesystem::path& logs, unsigned jobs, const Progress& progress,
                         std::stop_token stop) {
  pkg::BuildRequest request;
  request.arches = plan.arches();
  request.jobs = jobs;
  request.log_directory = logs;
  const auto tell = [&](const pkg::UnitResult& unit) {
    if (!unit.requested) return;
    std::string how = unit.ok() ? pkg::to_string(unit.ending) : unit.error;
    for (const std::string& warning : unit.warnings) how += "; " + warning;
    progress(finished_package(unit), how);
  };
  Artifacts artifacts;
  for (const pkg::UnitResult& unit :
       pkg::build_all(input.packages, request, environment, tell, stop)) {
    take(unit, artifacts);
  }
  return artifacts;
}

void assemble_examples(const Input& input, const Plan& plan, const oci::Store& store,
                       const std::filesystem::path& directory, const std::filesystem::path& cache,
                       const Progress& progress, std::stop_token stop, Artifacts& artifacts) {
  for (const std::string& arch : plan.arches()) {
    if (artifacts.broken.contains(arch)) continue;
    image::AssembleOptions options;
    options.arch = input.project.table.find(arch);
    options.directory = directory / arch;
    options.cache = cache;
    options.accept = [&](const std::vector<image::UsedImage>& images) {
      accept_only(artifacts.subjects, arch, images);
    };
    for (const Example& example : input.examples) {
      if (stop.stop_requested()) return;
      UnitFinished finished = assemble_one(example, options, store, stop);
      if (finished.result != Result::pass)
        artifacts.broken.emplace(arch, "image " + example.name + " was not assembled");
      progress(finished, "assembled");
      artifacts.results.push_back(std::move(finished));
    }
  }
}

std::vector<UnitFinished> cases_that_cannot_run(const Plan& plan, const Artifacts& artifacts) {
  std::vector<UnitFinished> results;
  for (const Requirement& requirement : plan.requirements) {
    const auto broken = artifacts.broken.find(requirement.unit.arch);
    if (requirement.unit.kind != "case" || broken == artifacts.broken.end()) continue;
    UnitFinished finished;
    finished.unit = requirement.unit;
    finished.result = Result::error;
    finished.reason = "not run: " + broken->second;
    results.push_back(std::move(finished));
  }
  return results;
}

}  // namespace rtfx::gate
