// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ci/gate/load.hpp"
#include "results/event.hpp"

namespace rtfx::gate {

/// Something that must exist and pass before anything ships.
struct Requirement {
  results::UnitId unit;  ///< kind "package", "image" or "case"
  bool blocking = true;  ///< false: of a candidate arch, which is judged but never blocks
  /// What forbids shipping it whatever its result ("uncommitted changes"); "" when nothing does.
  std::string obstacle;
  std::vector<std::string> suites = {};  ///< of a case: the patterns of the gate that ask for it
  auto operator<=>(const Requirement&) const = default;
};

/// (package | image | suite and case) x arch: what the verdict asks for. It is derived from the input files alone, so
/// that a result that never came is noticed. The digests that the results must be about are those of the packages: each
/// run's log names them.
struct Plan {
  std::vector<std::string> first_class;
  std::vector<std::string> candidates;
  std::vector<Requirement> requirements;
  std::string commit = {};  ///< HEAD of the project, full hex; "" outside git
  std::string labels = {};  ///< as -l gave them
  /// How many passes of an arch may have needed another attempt; absent: any number (rtfx.yml, gate.flaky).
  std::optional<int> flaky = {};
  /// What tests are made of, as it is in the work tree: "rtfx.yml", "cases", "examples/NAME" -> a digest.
  std::map<std::string, std::string> inputs = {};

  bool operator==(const Plan&) const = default;
  /// All of them, first-class ones first.
  std::vector<std::string> arches() const;
};

/// Plans the release. A case is required on every arch that its arch labels allow, unless it wants one of the project's
/// optional labels that `labels` does not give. A case that other labels keep from running stays required: the verdict
/// will miss its result. Throws Error (ExitCode::nothing_to_run) when a suite of the gate names no case.
Plan make_plan(const Input& input, const std::string& labels);

/// plan.json: one line per requirement. The same plan gives the same bytes.
std::string plan_json(const Plan& plan);
/// Reads plan.json. Strict: an unknown format or key, or a wrong type, is an Error (ExitCode::usage) that begins with
/// `name`.
Plan parse_plan(std::string_view json, const std::string& name);
Plan read_plan(const std::filesystem::path& file);
/// What the two do not agree about, in one line ("commit: 01ab… and 23cd…"); "" when they are the same.
std::string difference(const Plan& ours, const Plan& theirs);

}  // namespace rtfx::gate
