// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/cache_list.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "harness/oci/contents.hpp"
#include "harness/oci/store.hpp"
#include "runner/commands/cache.hpp"
#include "runner/commands/table.hpp"

namespace rtfx::commands {
namespace {

std::vector<std::string> platform_names(const oci::ImageContents& contents) {
  std::vector<std::string> names;
  for (const oci::Platform& platform : contents.platforms) {
    names.push_back(platform.os + "/" + platform.architecture +
                    (platform.variant.empty() ? "" : "/" + platform.variant));
  }
  return names;
}

std::string size_of(std::uint64_t bytes) {
  return bytes < 1000000 ? fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3)
                         : fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string as_table(const oci::Store& store) {
  Rows rows{{"NAME", "DIGEST", "PLATFORMS", "SIZE"}};
  for (const auto& [name, descriptor] : store.names()) {
    const oci::ImageContents contents = oci::contents_of(store, descriptor);
    rows.push_back({text::one_line(name), descriptor.digest.str(),
                    text::join(platform_names(contents), ","),
                    contents.damage.empty() ? size_of(contents.size) : "damaged"});
  }
  return tab_table(rows);
}

std::string as_json(const oci::Store& store) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& [name, descriptor] : store.names()) {
    const oci::ImageContents contents = oci::contents_of(store, descriptor);
    nlohmann::ordered_json item;
    item["name"] = name;
    item["digest"] = descriptor.digest.str();
    item["mediaType"] = descriptor.media_type;
    item["platforms"] = platform_names(contents);
    item["size"] = contents.size;
    if (!contents.damage.empty()) item["damage"] = contents.damage;
    list.push_back(std::move(item));
  }
  return list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

int list(const Context& context, bool json) {
  const std::filesystem::path directory = store_directory(context);
  std::error_code error;
  // Looking does not make a store.
  if (!std::filesystem::exists(directory, error)) {
    print(json ? "[]\n" : tab_table({{"NAME", "DIGEST", "PLATFORMS", "SIZE"}}));
    return static_cast<int>(ExitCode::ok);
  }
  const oci::Store store(directory);
  print(json ? as_json(store) : as_table(store));
  return static_cast<int>(ExitCode::ok);
}

}  // namespace

void add_cache_list(CLI::App& cache, Context& context) {
  CLI::App* command = cache.add_subcommand("ls", "list the images of the content store");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "print JSON");
  command->callback(
      [&context, json] { context.action = [&context, json] { return list(context, *json); }; });
}

}  // namespace rtfx::commands
