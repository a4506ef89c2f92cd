// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/pkg_report.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace rtfx::commands {

namespace {

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// A word that a shell takes for one word.
std::string shell_word(const std::string& word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string result = "'";
  for (const char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

/// A command of docker's that builds about the same, for --dry-run.
std::string docker_command(const pkg::UnitResult& unit, pkg::PlannedPackage planned) {
  pkg::settle_revision(planned);
  const pkg::Package& package = planned.package;
  std::vector<std::string> words{"docker",
                                 "buildx",
                                 "build",
                                 "--platform",
                                 "linux/" + unit.arch,
                                 package.network ? "--network=default" : "--network=none"};
  if (package.disable_cache) words.push_back("--no-cache");
  for (const std::string& argument : planned.build_args)
    words.insert(words.end(), {"--build-arg", argument});
  for (const auto& [name, value] : planned.labels)
    words.insert(words.end(), {"--label", name + "=" + value});
  words.insert(words.end(),
               {"--tag", pkg::arch_ref(unit.ref, unit.arch), "--file",
                (package.directory / package.dockerfile).string(), package.directory.string()});
  for (std::string& word : words) word = shell_word(word);
  return text::join(words, " ");
}

void print_failure(const pkg::UnitResult& unit) {
  fmt::print(stderr, "rtfx: {}\n", text::join(text::split(unit.error, '\n'), "\n      "));
  if (!unit.log.empty()) fmt::print(stderr, "rtfx: the whole log is {}\n", unit.log.string());
}

/// "cross, docker context arm" or nothing for the usual.
std::string manner(const pkg::UnitResult& unit) {
  std::string words = unit.kind == pkg::BuildKind::native ? "" : to_string(unit.kind);
  if (!unit.builder.empty() && unit.builder != "buildah")
    words += (words.empty() ? "" : ", ") + unit.builder;
  return words.empty() ? "" : " (" + words + ")";
}

}  // namespace

void print_unit(const pkg::UnitResult& unit, const pkg::PlannedPackage& package) {
  const std::string name = unit.ref + " " + unit.arch;
  const std::string digest = unit.manifest ? unit.manifest->digest.str() : "";
  switch (unit.ending) {
    case pkg::UnitEnding::built:
      fmt::print("{} built in {:.1f} s{} {}\n", name, seconds(unit.elapsed), manner(unit), digest);
      break;
    case pkg::UnitEnding::cached:
      fmt::print("{} cached {}\n", name, digest);
      break;
    case pkg::UnitEnding::pulled:
      fmt::print("{} pulled in {:.1f} s {}\n", name, seconds(unit.elapsed), digest);
      break;
    case pkg::UnitEnding::in_registry:
      fmt::print("{} found in the registry {}\n", name, digest);
      break;
    case pkg::UnitEnding::would_build:
      fmt::print("# {} would be built{}\n{}\n", name, manner(unit), docker_command(unit, package));
      break;
    case pkg::UnitEnding::failed:
      fmt::print("{} FAILED after {:.1f} s\n", name, seconds(unit.elapsed));
      std::fflush(stdout);
      print_failure(unit);
      break;
    case pkg::UnitEnding::blocked:
      fmt::print("{} not built: {}\n", name, unit.error);
      break;
    case pkg::UnitEnding::cancelled:
      fmt::print("{} cancelled\n", name);
      break;
  }
  std::fflush(stdout);
  print_warnings(unit);
}

void print_warnings(const pkg::UnitResult& unit) {
  for (const std::string& warning : unit.warnings)
    fmt::print(stderr, "rtfx: {} {}: {}\n", unit.ref, unit.arch, warning);
}

void print_started(const pkg::UnitResult& unit) {
  fmt::print(stderr, "{} {} ...\n", unit.ref, unit.arch);
}

void print_output(const pkg::UnitResult& unit, std::string_view bytes) {
  // Bytes come in pieces; a line is printed when it is whole.
  static std::map<std::string, std::string> pending;
  const std::string name = unit.ref.substr(unit.ref.find('/') + 1);
  std::string& text = pending[unit.ref + unit.arch];
  text += bytes;
  for (std::size_t end; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
    fmt::print(stderr, "[{} {}] {}\n", name.substr(0, name.find(':')), unit.arch,
               text::printable(text.substr(0, end)));
  }
}

void print_json(const std::vector<pkg::UnitResult>& units) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const pkg::UnitResult& unit : units) {
    nlohmann::ordered_json item;
    item["ref"] = unit.ref;
    item["arch"] = unit.arch;
    item["result"] = pkg::to_string(unit.ending);
    if (unit.manifest) item["digest"] = unit.manifest->digest.str();
    if (!unit.builder.empty()) {
      item["builder"] = unit.builder;
      item["kind"] = pkg::to_string(unit.kind);
    }
    item["seconds"] = seconds(unit.elapsed);
    if (!unit.error.empty()) item["error"] = unit.error;
    if (!unit.log.empty()) item["log"] = unit.log.string();
    list.push_back(std::move(item));
  }
  fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace rtfx::commands
