// SPDX-License-Identifier: Apache-2.0
#include "runner/commands/pkg_publish.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <set>

#include "base/text.hpp"
#include "harness/git/git.hpp"
#include "harness/oci/reference.hpp"
#include "harness/registry/push.hpp"
#include "harness/registry/registry.hpp"
#include "runner/commands/registry_flags.hpp"

namespace rtfx::commands {

namespace {

/// What docker takes for a tag; git's names may be others ("release/1.0").
bool is_tag(const std::string& name) {
  const auto fits = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-';
  };
  return !name.empty() && name.size() <= 128 && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), fits);
}

std::vector<std::string> git_tags_at_head(const std::filesystem::path& directory) {
  const auto repository = git::Repository::discover(directory);
  if (!repository) return {};
  const auto head = repository->head_commit();
  std::vector<std::string> names;
  for (const git::NamedCommit& tag : repository->tags()) {
    if (head && tag.commit == *head && is_tag(tag.name)) names.push_back(tag.name);
  }
  return names;
}

}  // namespace

Publisher::Publisher(const std::optional<runner::Project>& project,
                     const registry::RegistryOptions& options, oci::Store& store,
                     std::filesystem::path cache, std::stop_token stop)
    : project_(project),
      options_(with_environment(options)),
      store_(store),
      cache_(std::move(cache)),
      stop_(std::move(stop)) {}

Publisher::~Publisher() = default;

registry::Client& Publisher::client() {
  if (!client_) client_ = std::make_unique<registry::Client>(options_, stop_);
  return *client_;
}

pkg::Remote Publisher::remote(const std::vector<pkg::PlannedPackage>& plan) {
  registry::Client& registry = client();
  const auto pull = [this, &registry](const std::string& name, const std::string& ref,
                                      const std::string& arch) {
    return registry.pull(
        oci::parse_reference(name), store_,
        {.arches = arch.empty() ? std::vector<std::string>{} : std::vector{arch}, .name = ref});
  };
  pkg::Remote remote;
  remote.find = [this, &registry](const std::string& ref, const std::string& arch) {
    return is_in_registry(project_, ref)
               ? registry.find(oci::parse_reference(published_name(project_, ref)), arch)
               : std::nullopt;
  };
  remote.pull = [this, pull](const std::string& ref, const std::string& arch) {
    return is_in_registry(project_, ref) ? pull(published_name(project_, ref), ref, arch)
                                         : std::nullopt;
  };
  std::set<std::string> packages;
  for (const pkg::PlannedPackage& package : plan) packages.insert(package.ref);
  remote.base = [this, pull, packages](const std::string& ref, const std::string& arch) {
    const bool published = packages.contains(ref) && is_in_registry(project_, ref);
    return pull(published ? published_name(project_, ref) : ref, ref, arch);
  };
  return remote;
}

void Publisher::check(const std::vector<pkg::PlannedPackage>& plan, bool nobuild) const {
  for (const pkg::PlannedPackage& package : plan) {
    if (package.requested) published_name(project_, package.ref);
    const bool dirty = package.revision.dirty || !package.revision.hidden_dirt.empty();
    if (package.requested && nobuild && dirty)
      throw Error(package.ref + ": refusing to push a dirty package; commit its changes",
                  ExitCode::usage);
  }
}

void Publisher::push(const std::vector<pkg::PlannedPackage>& plan,
                     const std::vector<pkg::UnitResult>& units, const std::string& release,
                     bool arch_tags) {
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const bool given =
        plan[i].requested && std::any_of(units.begin(), units.end(), [&](const auto& unit) {
          return unit.package == i && unit.requested;
        });
    if (given) push_one(plan[i], release, arch_tags);
  }
}

void Publisher::push_one(const pkg::PlannedPackage& package, const std::string& release,
                         bool arch_tags) {
  if (package.revision.dirty)
    throw Error(package.ref +
                ": build complete, refusing to push a dirty package; commit its changes");
  if (!package.revision.hidden_dirt.empty())
    throw Error(package.ref + ": build complete, refusing to push: " +
                text::join(package.revision.hidden_dirt, ", ") +
                " differs from what is committed, which the tag does not show");
  if (!store_.resolve(package.ref)) {
    fmt::print("{}: No new platforms to push, skipping.\n", package.ref);
    return;
  }
  const std::vector<std::string> releases =
      release.empty() ? git_tags_at_head(package.package.directory) : std::vector{release};
  const std::string name = published_name(project_, package.ref);
  registry::PushOptions options;
  options.with_arch_tags = arch_tags;
  options.release_tags = releases;
  options.locks = cache_ / "locks";
  const registry::PushResult result =
      registry::push(client(), store_, package.ref, oci::parse_reference(name), options);
  for (const registry::Pushed& pushed : result.tags) fmt::print("{}\n", line_about(pushed));
  std::fflush(stdout);
}

}  // namespace rtfx::commands
