// SPDX-License-Identifier: Apache-2.0
//
// For unit tests.
#pragma once

#include <gmock/gmock.h>

#include "base/files.hpp"
#include "harness/process/fake_loop.hpp"
#include "runner/run.hpp"
#include "runner/test_tree.hpp"

namespace rtfx::runner {

using process::FakeLoop;
using results::Result;

inline const ArchTable arches = ArchTable::builtin();

struct Silent : Reporter {
  void run_started(const RunInfo&) override {}
  void event(const results::Event&) override {}
  void output(const results::UnitId&, process::Stream, std::string_view) override {}
};

struct Run : testing::Test {
  Run() {
    options.results = folder.path() / "_results";
    options.id = "id";
    options.arches = {arches.find("amd64")};
  }

  results::RunRecord run(std::stop_token stop = {}) {
    return run_cases(tree.load(), options, arches, loop, reporter, stop);
  }

  /// "NAME:RESULT" of every unit in planned order.
  static std::vector<std::string> told(const results::RunRecord& record) {
    std::vector<std::string> lines;
    for (const auto& unit : record.units) {
      lines.push_back(unit.planned.unit.name + ":" +
                      (unit.finished ? results::result_name(unit.finished->result) : "missing"));
    }
    return lines;
  }

  std::vector<std::string> commands() const {
    std::vector<std::string> lines;
    for (const auto& command : loop.commands) {
      lines.push_back(command.cwd.filename().string() + " " +
                      fs::path(command.argv[1]).filename().string());
      for (std::size_t i = 2; i < command.argv.size(); ++i) lines.back() += " " + command.argv[i];
    }
    return lines;
  }

  TestTree tree;
  TemporaryDirectory folder;
  RunOptions options;
  FakeLoop loop;
  Silent reporter;
};

}  // namespace rtfx::runner
