// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/process/interrupt.hpp"
#include "runner/commands/cache.hpp"
#include "runner/commands/command.hpp"
#include "runner/commands/command_line.hpp"

namespace {

using rtfx::ExitCode;

/// One line a problem, each with the program's name in front.
void print_error(const std::string& message) {
  for (const std::string& line : rtfx::text::split(message, '\n')) {
    std::fprintf(stderr, "rtfx: %s\n", rtfx::text::printable(line).c_str());
  }
}

/// The flags that every command knows; they may stand before or after it, as rtf's users write both.
void add_global_flags(CLI::App& app, rtfx::commands::Context& context) {
  app.add_option("-c,--casedir", context.case_directory, "folder of the cases")->type_name("DIR");
  app.add_option_function<std::vector<std::string>>(
         "-l,--labels",
         [&context](const std::vector<std::string>& lists) {
           context.labels = rtfx::text::join(lists, ",");
         },
         "labels, comma separated; !LABEL leaves out")
      ->type_name("LABELS")
      ->allow_extra_args(false);
  app.add_flag("-v,--verbose", context.verbosity, "say more; -vv also what the cases print");
  app.add_option("--arch", context.arch, "target: A[,B...] or all")->type_name("ARCH");
  app.add_option("--cache", context.cache, "folder of the content store and other caches")
      ->type_name("DIR");
}

void add_commands(CLI::App& app, rtfx::commands::Context& context) {
  using namespace rtfx::commands;
  add_list(app, context);
  add_info(app, context);
  add_run(app, context);
  add_compare(app, context);
  add_report(app, context);
  add_merge(app, context);
  add_pkg(app, context);
  add_kernel(app, context);
  add_build(app, context);
  add_cache(app, context);
  add_boot(app, context);
  add_release(app, context);
  add_verify(app, context);
  add_graduate(app, context);
  add_doctor(app, context);
  add_version(app, context);
}

int run(int argc, char** argv) {
  // Of a case that runs rtfx; what this one runs has variants of its own. No thread is there yet.
  ::unsetenv("RTFX_VARIANT");
  rtfx::commands::Context context;
  context.stop = rtfx::process::handle_interrupts();

  CLI::App app("Builds, tests and releases image-based Linux distributions.", "rtfx");
  app.fallthrough();
  app.require_subcommand(0, 1);
  add_global_flags(app, context);
  add_commands(app, context);
  try {
    std::vector<std::string> words = rtfx::commands::command_line(app, argc, argv);
    std::reverse(words.begin(), words.end());  // as CLI11 wants them
    app.parse(words);
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted);
  } catch (const CLI::ParseError& error) {
    print_error(std::string(error.what()) + " (see rtfx --help)");
    const std::string meant = rtfx::commands::command_that_was_meant(app, argc, argv);
    if (app.get_subcommands().empty() && !meant.empty())
      print_error("did you mean \"rtfx " + meant + "\"?");
    return static_cast<int>(ExitCode::usage);
  }
  if (!context.action) {
    std::fputs(app.help().c_str(), stdout);
    return static_cast<int>(ExitCode::ok);
  }
  return context.action();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const rtfx::Error& error) {
    print_error(error.what());
    return static_cast<int>(error.code());
  } catch (const std::filesystem::filesystem_error& error) {
    print_error(error.path1().string() + ": " + error.code().message());
    return static_cast<int>(ExitCode::failed);
  } catch (const std::exception& error) {
    print_error(std::string("internal error: ") + error.what());
    return static_cast<int>(ExitCode::failed);
  }
}
