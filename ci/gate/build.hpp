// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "ci/gate/plan.hpp"
#include "harness/pkg/build_all.hpp"
#include "results/event.hpp"

namespace rtfx::gate {

/// What the build and assemble passes give: results for the log, digests for the verdict.
struct Artifacts {
  std::vector<results::UnitFinished> results;  ///< kinds "package" and "image"
  std::vector<results::Subject> subjects;      ///< the packages that are there
  std::map<std::pair<std::string, std::string>, oci::Descriptor> manifests;  ///< (ref, arch)
  std::map<std::string, std::string> broken;  ///< arch -> why it cannot be tested
};

/// Told of each unit as it ends.
using Progress = std::function<void(const results::UnitFinished&, const std::string& note)>;

/// Builds every package for every arch of the plan into the store. A failed package breaks its arch, not the others.
/// `logs` gets the builders' output.
Artifacts build_packages(const Input& input, const Plan& plan,
                         const pkg::BuildEnvironment& environment,
                         const std::filesystem::path& logs, unsigned jobs, const Progress& progress,
                         std::stop_token stop);

/// Assembles the examples of every arch that is not broken into DIRECTORY/<arch>/, from the store, by the digests that
/// were built.
void assemble_examples(const Input& input, const Plan& plan, const oci::Store& store,
                       const std::filesystem::path& directory, const std::filesystem::path& cache,
                       const Progress& progress, std::stop_token stop, Artifacts& artifacts);

/// A result "error" for every required case of a broken arch, so that its log says why it did not run.
std::vector<results::UnitFinished> cases_that_cannot_run(const Plan& plan,
                                                         const Artifacts& artifacts);

}  // namespace rtfx::gate
