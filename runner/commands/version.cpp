// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "results/event_log.hpp"
#include "runner/commands/command.hpp"
#include "runner/commands/table.hpp"

namespace rtfx::commands {

void add_version(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("version", "print the version of rtfx");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "print JSON");
  command->callback([&context, json] {
    context.action = [json] {
      const nlohmann::ordered_json fields{{"version", RTFX_VERSION},
                                          {"event_schema", results::schema_version}};
      print(*json ? fields.dump(1) + "\n" : std::string("rtfx version ") + RTFX_VERSION + "\n");
      return static_cast<int>(ExitCode::ok);
    };
  });
}

}  // namespace rtfx::commands
