// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/archive_mirror.hpp"

#include <algorithm>
#include <cctype>

#include "base/text.hpp"
#include "harness/pkg/archive_suites.hpp"
#include "harness/pkg/archive_write.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view arch_variable = "${arch}";

std::string for_arch(std::string item, const Arch& arch) {
  for (std::size_t at; (at = item.find(arch_variable)) != std::string::npos;)
    item.replace(at, arch_variable.size(), arch.debian);
  return item;
}

/// Debian policy 5.6.1: lower-case letters, digits, plus, minus and full stops; begins with a letter or digit. Names of
/// suites and components fit, too.
bool is_name(std::string_view word) {
  return !word.empty() && std::isalnum(static_cast<unsigned char>(word.front())) != 0 &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) {
           return std::isdigit(c) != 0 || std::islower(c) != 0 ||
                  std::string_view("+-./").find(static_cast<char>(c)) != std::string_view::npos;
         });
}

/// Checks the strings of one key.
class WordCheck {
 public:
  WordCheck(const yaml::Node& node, Diagnostics& diagnostics)
      : node_(node), diagnostics_(diagnostics) {}

  void names(const char* key, const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      if (!is_name(word)) report(key, word);
    }
  }
  void alternatives(const char* key, const std::vector<std::string>& items) {
    Arch any;
    any.debian = "any";
    for (const std::string& item : items) {
      const auto parts = alternatives_of(for_arch(item, any));
      if (!std::all_of(parts.begin(), parts.end(), is_name)) report(key, item);
    }
  }

 private:
  void report(const char* key, const std::string& word) {
    const yaml::Node* value = node_.find(key);
    diagnostics_.error(value == nullptr ? node_.where : value->where,
                       std::string("depends.mirror: ") + key + ": \"" + word +
                           "\" is not a name of Debian's archive");
  }

  const yaml::Node& node_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::vector<std::string> alternatives_of(const std::string& item) {
  std::vector<std::string> words;
  for (const std::string& word : text::split(item, '|')) words.emplace_back(text::trim(word));
  return words;
}

MirrorDependency read_mirror(const yaml::Node& node, MirrorDependency defaults,
                             Diagnostics& diagnostics) {
  yaml::MapReader reader(node, "depends.mirror", diagnostics);
  MirrorDependency mirror = std::move(defaults);
  if (const std::string suite =
          mirror.suites.empty() ? reader.required_string("suite") : reader.string_or("suite", "");
      !suite.empty())
    mirror.suites = alternatives_of(suite);
  if (auto components = reader.strings("components")) mirror.components = *components;
  if (reader.require("packages") != nullptr)
    mirror.packages = reader.strings("packages").value_or(std::vector<std::string>{});
  if (auto without = reader.strings("without")) mirror.without = *without;
  mirror.target = reader.required_string("target");
  reader.finish();

  WordCheck check(node, diagnostics);
  check.names("suite", mirror.suites);
  check.names("components", mirror.components);
  check.alternatives("packages", mirror.packages);
  check.names("without", mirror.without);
  const auto empty = [&](const char* key, const std::vector<std::string>& list, const char* usual) {
    const yaml::Node* value = node.find(key);
    if (value != nullptr && value->kind != yaml::Node::Kind::map && list.empty())
      diagnostics.error(value->where,
                        std::string("depends.mirror: ") + key + " is empty; " + usual);
  };
  empty("components", mirror.components, "\"main\" is usual");
  empty("packages", mirror.packages, "name what the mirror shall have");
  if (!mirror.target.empty() &&
      (mirror.target.find('/') != std::string::npos || mirror.target.starts_with(".")))
    diagnostics.error(
        node.find("target")->where,
        "depends.mirror: target must be the name of a directory, not \"" + mirror.target + "\"");
  return mirror;
}

void make_mirror(const MirrorDependency& mirror, const Arch& arch, const std::string& uri,
                 const fs::path& cache, std::int64_t timestamp, const fs::path& target,
                 const Steps& steps) {
  if (fs::exists(target))
    throw Error("depends.mirror: the package has a " + target.filename().string() +
                    " already; choose another target",
                ExitCode::usage);
  in_context("making the mirror of packages", [&] {
    ArchiveRequest request{{}, mirror.without};
    for (const std::string& item : mirror.packages)
      request.packages.push_back(for_arch(item, arch));
    std::vector<std::pair<std::string, std::string>> fields{{"Platform", "linux/" + arch.name}};
    if (!mirror.without.empty()) fields.emplace_back("Without", text::join(mirror.without, " "));
    const ArchiveSuites suites{uri, mirror.suites, mirror.components, arch.debian};
    const Fetched fetched = fetch_packages(cache, suites, request, steps);
    write_archive(fetched.packages, fetched.source, timestamp, fields, target);
  });
}

}  // namespace rtfx::pkg
