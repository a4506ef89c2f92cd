// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/process/interrupt.hpp"
#include "runner/commands/command.hpp"

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
  add_build(app, context);
  add_boot(app, context);
  add_release(app, context);
  add_graduate(app, context);
  add_doctor(app, context);
  add_version(app, context);
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

/// CLI11 knows only that a word is unknown; say which command was probably meant.
void explain_unknown_command(const CLI::App& app, int argc, char** argv) {
  const std::vector<std::string> names = command_names(app);
  for (int i = 1; i < argc; ++i) {
    const std::string hint = rtfx::text::nearest(argv[i], names);
    if (!hint.empty() && hint != argv[i]) {
      print_error("did you mean \"rtfx " + hint + "\"?");
      return;
    }
  }
}

/// "-v=2", as rtf's users write it, is "-vv".
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool level =
        word.size() == 4 && word.starts_with("-v=") && word[3] >= '0' && word[3] <= '9';
    if (!level) words.push_back(word);
    const auto count = static_cast<std::size_t>(level ? word[3] - '0' : 0);
    if (count > 0) words.push_back("-" + std::string(count, 'v'));
  }
  return words;
}

/// Brings the command to the front, so that all of its flags may stand before it too:
/// `rtfx -x -l slow run`.
void put_command_first(const CLI::App& app, std::vector<std::string>& words) {
  const std::vector<std::string> names = command_names(app);
  for (std::size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    const CLI::Option* option = app.get_option_no_throw(words[i]);
    if (option != nullptr && option->get_items_expected_min() > 0) {
      ++i;  // its value
    } else if (std::find(names.begin(), names.end(), words[i]) != names.end()) {
      std::rotate(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(i),
                  words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      return;
    }
  }
}

int run(int argc, char** argv) {
  rtfx::commands::Context context;
  context.stop = rtfx::process::handle_interrupts();

  CLI::App app("Builds, tests and releases image-based Linux distributions.", "rtfx");
  app.fallthrough();
  app.require_subcommand(0, 1);
  add_global_flags(app, context);
  add_commands(app, context);
  try {
    std::vector<std::string> words = words_of(argc, argv);
    put_command_first(app, words);
    std::reverse(words.begin(), words.end());  // as CLI11 wants them
    app.parse(words);
  } catch (const CLI::Success& wanted) {
    return app.exit(wanted);
  } catch (const CLI::ParseError& error) {
    print_error(std::string(error.what()) + " (see rtfx --help)");
    if (app.get_subcommands().empty()) explain_unknown_command(app, argc, argv);
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
