// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <memory>

#include "ci/gate/load.hpp"
#include "ci/gate/plan.hpp"
#include "ci/graduation/graduation.hpp"
#include "runner/commands/command.hpp"

namespace rtfx::commands {
namespace {

struct Options {
  std::string arch;
  bool json = false;
};

int graduate(const Context& context, const Options& options) {
  const gate::Input input = gate::load(context.require_project(), context.labels);
  const Arch arch = input.project.table.find(options.arch);
  const gate::Plan plan = gate::make_plan(input, context.labels);
  const oci::Store store(context.cache_directory() / "store");
  const graduation::Evidence evidence{
      input, plan, arch, graduation::recent_runs(input.project.root / "_results"), store};
  const std::vector<graduation::Answer> answers = graduation::answer(evidence);
  fmt::print("{}", options.json ? graduation::answers_json(arch.name, answers)
                                : graduation::answers_text(arch.name, answers));
  return static_cast<int>(graduation::ready(answers) ? ExitCode::ok : ExitCode::failed);
}

}  // namespace

void add_graduate(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("graduate", "how far an arch is on its way to first class");
  const auto options = std::make_shared<Options>();
  command->add_option("ARCH", options->arch, "GOARCH name: riscv64")->required();
  command->add_flag("--json", options->json, "print JSON");
  command->callback([&context, options] {
    context.action = [&context, options] { return graduate(context, *options); };
  });
}

}  // namespace rtfx::commands
