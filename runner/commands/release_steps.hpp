// SPDX-License-Identifier: Apache-2.0
//
// What `rtfx release` and `rtfx release test` have in common: where a release is made, and the pass that tests.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ci/gate/build.hpp"
#include "ci/gate/load.hpp"
#include "ci/gate/plan.hpp"
#include "results/record.hpp"
#include "runner/commands/command.hpp"

namespace rtfx::commands {

/// Where one release, or its tests alone, are made.
struct Workplace {
  std::string id;
  std::filesystem::path folder;      ///< for the decision, or the results: subjects.jsonl
  std::filesystem::path run_folder;  ///< of the tests: events.jsonl, logs/ of builders
  std::filesystem::path history;     ///< the project's _results
  std::filesystem::path cache;
  unsigned jobs = 1;
  bool rerun = false;  ///< also cases whose passing result is known

  std::filesystem::path store() const { return cache / "store"; }
};

/// "20261120-083000-1234": sorts by time; the process id keeps two releases of one second apart.
std::string new_release_id();

/// _release/<id> and _results/<id> of the project; nothing is made yet. `jobs` 0: processors.
Workplace open_workplace(const runner::Project& project, const Context& context, unsigned jobs,
                         bool rerun);

/// Reads and checks every input of a release; all problems are told at once.
gate::Input load_release(const Context& context);

/// A line on standard error, after everything that was printed before.
void say(const std::string& line);

/// A line per built package and assembled image; what failed is told with the builder's last words.
void tell_progress(const results::UnitFinished& unit, const std::string& note);

/// The pass "test": the suites of the gate for `arches`, every result logged at once into the workplace's run folder,
/// which gets plan.json too. A run that is there is continued: what passed in it is not run again.
results::RunRecord run_suites(const gate::Input& input, const gate::Plan& plan,
                              const gate::Artifacts& artifacts,
                              const std::vector<std::string>& arches, const Workplace& place,
                              const Context& context);

}  // namespace rtfx::commands
