// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/command_line.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>

#include "base/text.hpp"

namespace rtfx::commands {

namespace {

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
    for (const std::string& alias : command->get_aliases()) names.push_back(alias);
  }
  return names;
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

/// The flag of that name which the command or one above it has.
const CLI::Option* find_flag(const CLI::App* app, const std::string& name) {
  for (; app != nullptr; app = app->get_parent()) {
    if (const CLI::Option* option = app->get_option_no_throw(name)) return option;
  }
  return nullptr;
}

/// Brings the command to the front, so that all of its flags may stand before it too:
/// `rtfx -x -l slow run`; with `front` 1, that of a command: `rtfx --mirror M cache pull`.
void put_command_first(const CLI::App& app, std::vector<std::string>& words,
                       std::size_t front = 0) {
  const std::vector<std::string> names = command_names(app);
  for (std::size_t i = front; i < words.size() && words[i] != "--"; ++i) {
    const CLI::Option* option = find_flag(&app, words[i]);
    if (option != nullptr && option->get_items_expected_min() > 0) {
      ++i;  // its value
    } else if (std::find(names.begin(), names.end(), words[i]) != names.end()) {
      std::rotate(words.begin() + static_cast<std::ptrdiff_t>(front),
                  words.begin() + static_cast<std::ptrdiff_t>(i),
                  words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      return;
    }
  }
}

/// The commands that linuxkit has.
bool is_linuxkits(const std::string& command) {
  return command == "pkg" || command == "cache" || command == "build" || command == "boot";
}

/// "-v 2" is linuxkit's, where rtf's -v has no value.
void join_levels(std::vector<std::string>& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& level = words[i + 1];
    if (words[i] != "-v" || level.size() != 1 || level[0] < '0' || level[0] > '3') continue;
    if (level[0] == '0') {
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(i),
                  words.begin() + static_cast<std::ptrdiff_t>(i) + 2);
    } else {
      words[i] = "-" + std::string(static_cast<std::size_t>(level[0] - '0'), 'v');
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
  }
}

void collect_long_flags(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    collect_long_flags(*command, names);
}

/// Go's flag package takes one dash for two.
void double_dashes(const CLI::App& command, std::vector<std::string>& words) {
  std::vector<std::string> names;
  collect_long_flags(command, names);
  for (std::string& word : words) {
    if (word == "--") return;
    if (word.size() < 3 || word[0] != '-' || word[1] == '-') continue;
    const std::string name = word.substr(1, word.find('=') - 1);
    if (name.size() > 1 && std::find(names.begin(), names.end(), name) != names.end())
      word.insert(0, "-");
  }
}

}  // namespace

std::vector<std::string> command_line(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> words = words_of(argc, argv);
  put_command_first(app, words);
  if (words.empty() || !is_linuxkits(words.front())) return words;
  join_levels(words);
  const CLI::App& command = *app.get_subcommand(words.front());
  double_dashes(command, words);
  put_command_first(command, words, 1);
  return words;
}

std::string command_that_was_meant(const CLI::App& app, int argc, char** argv) {
  const std::vector<std::string> names = command_names(app);
  for (int i = 1; i < argc; ++i) {
    const std::string hint = text::nearest(argv[i], names);
    if (!hint.empty() && hint != argv[i]) return hint;
  }
  return "";
}

}  // namespace rtfx::commands
