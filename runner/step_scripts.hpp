// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "runner/steps.hpp"
#include "runner/unit.hpp"

namespace rtfx::runner {

/// What each step of a run executes, and where its output goes.
class StepScripts {
 public:
  /// Everything given must outlive it; `run_folder` is $RT_RESULTS.
  StepScripts(const Group& tree, const RunOptions& options, const ArchTable& arches,
              const std::filesystem::path& run_folder, const Plan& plan);

  UnitScripts scripts(const Step& step, int attempt) const;
  /// Name of the log in the run's folder; with `earlier_attempt` that of an attempt which was
  /// followed by another.
  std::string log_name(const Step& step, int earlier_attempt = 0) const;

 private:
  /// `group` is what it belongs to: the group itself, or that of the case.
  Script make_script(const std::filesystem::path& path, const std::filesystem::path& directory,
                     const std::string& name, const Group& group, const Arch& arch) const;

  const RunOptions& options_;
  const Plan& plan_;
  std::map<std::string, std::map<std::string, std::string>> environments_;  ///< by arch
};

}  // namespace rtfx::runner
