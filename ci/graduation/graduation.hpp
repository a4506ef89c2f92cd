// SPDX-License-Identifier: Apache-2.0
//
// How far an architecture is on its way to first-class support. The requirements are those of LinuxKit's document
// "Porting LinuxKit to new architectures"; each is answered from evidence (the newest run that covers the arch, the
// content store, files that rtfx.yml names), and what there is no evidence for is "unknown", never "met".
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ci/gate/plan.hpp"
#include "harness/oci/store.hpp"
#include "results/record.hpp"

namespace rtfx::graduation {

enum class State { met, not_met, unknown };
std::string state_name(State state);

/// One requirement with its answer.
struct Answer {
  std::string area;         ///< "Build tool", "Packages", "Kernel", "Final checks"
  std::string requirement;  ///< the sentence
  State state = State::unknown;
  std::string evidence;  ///< what was looked at and seen, one line
};

/// What the answers are drawn from.
struct Evidence {
  const gate::Input& input;
  const gate::Plan& plan;
  Arch arch;
  std::vector<results::RunRecord> runs;  ///< newest first
  const oci::Store& store;
};

std::vector<Answer> answer(const Evidence& evidence);

/// Every requirement is met.
bool ready(const std::vector<Answer>& answers);

std::string answers_text(const std::string& arch, const std::vector<Answer>& answers);
std::string answers_json(const std::string& arch, const std::vector<Answer>& answers);

/// The runs below `results`, newest first; unreadable ones are left out.
std::vector<results::RunRecord> recent_runs(const std::filesystem::path& results);

}  // namespace rtfx::graduation
