// SPDX-License-Identifier: Apache-2.0
#include "ci/evidence/statements.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace rtfx::evidence {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t sha1_length = 40;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string arch_of(const oci::Descriptor& manifest) {
  return manifest.platform ? manifest.platform->architecture : "";
}

Json digest_of(const Digest& digest) { return {{"sha256", digest.hex()}}; }

Json statement(const Subject& subject, std::string_view predicate_type, Json predicate) {
  Json subjects = Json::array({{{"name", subject.name}, {"digest", digest_of(subject.index)}}});
  for (const oci::Descriptor& manifest : subject.tested)
    subjects.push_back(
        {{"name", subject.name + "-" + arch_of(manifest)}, {"digest", digest_of(manifest.digest)}});
  return {{"_type", statement_type},
          {"subject", std::move(subjects)},
          {"predicateType", predicate_type},
          {"predicate", std::move(predicate)}};
}

/// An input of the plan ("tree:<hex>", "sha256:<hex>", with "+…" behind it when it is not as committed) as a
/// ResourceDescriptor.
Json input(const std::string& name, const std::string& digest) {
  const std::string hex = digest.substr(digest.find(':') + 1);
  if (digest.starts_with("sha256:") && is_hex(hex))
    return {{"name", name}, {"digest", {{"sha256", hex}}}};
  if (digest.starts_with("tree:") && is_hex(hex))
    return {{"name", name}, {"digest", {{"gitTree", hex}}}};
  return {{"name", name}, {"digest", {{"rtfx", digest}}}};
}

Json inputs(const gate::Decision& decision) {
  Json list = Json::array();
  if (!decision.commit.empty())
    list.push_back({{"name", "project"}, {"digest", {{"gitCommit", decision.commit}}}});
  for (const auto& [name, digest] : decision.plan.inputs) list.push_back(input(name, digest));
  return list;
}

}  // namespace

std::string name_of(const gate::Decision& decision, const std::string& repository,
                    const std::vector<oci::Descriptor>& tested) {
  for (const results::Subject& subject : decision.subjects) {
    const bool same = std::any_of(tested.begin(), tested.end(), [&](const oci::Descriptor& child) {
      return child.digest.str() == subject.digest;
    });
    if (same && subject.name.starts_with(repository + ":")) return subject.name;
  }
  return repository;
}

std::string test_result(const gate::Decision& decision, const Subject& subject) {
  Json passed = Json::array(), warned = Json::array(), failed = Json::array();
  for (const oci::Descriptor& manifest : subject.tested) {
    const gate::ArchVerdict* arch = decision.verdict.find(arch_of(manifest));
    if (arch == nullptr) continue;
    for (const gate::Judgement& unit : arch->units) {
      if (unit.unit.kind != "case" && unit.unit.kind != "image") continue;
      const std::string name = (unit.unit.kind == "image" ? "image " : "") + unit.unit.name + " [" +
                               unit.unit.arch + "]";
      switch (unit.standing) {
        case gate::Standing::passed:
        case gate::Standing::flaky:
          passed.push_back(name);
          break;
        case gate::Standing::waived:
        case gate::Standing::regressed:
          warned.push_back(name);
          break;
        case gate::Standing::blocked:
          failed.push_back(name);
          break;
      }
    }
  }
  const char* result = !failed.empty() ? "FAILED" : !warned.empty() ? "WARNED" : "PASSED";
  return statement(subject, predicate_test_result,
                   {{"result", result},
                    {"configuration", inputs(decision)},
                    {"passedTests", std::move(passed)},
                    {"warnedTests", std::move(warned)},
                    {"failedTests", std::move(failed)}})
      .dump();
}

std::string provenance(const gate::Decision& decision, const Subject& subject, const Facts& facts) {
  Json arches = Json::array();
  for (const oci::Descriptor& manifest : subject.tested) arches.push_back(arch_of(manifest));
  Json dependencies = inputs(decision);
  if (!facts.source.empty() && !decision.commit.empty())
    dependencies[0]["uri"] = "git+" + facts.source + "@" + decision.commit;
  // linuxkit's tags are the git trees of the packages.
  const std::string tag = subject.name.substr(subject.name.rfind(':') + 1);
  if (tag.size() == sha1_length && is_hex(tag))
    dependencies.push_back({{"name", subject.name}, {"digest", {{"gitTree", tag}}}});
  return statement(
             subject, predicate_provenance,
             {{"buildDefinition",
               {{"buildType", "urn:rtfx:release:1"},
                {"externalParameters",
                 {{"project", facts.project},
                  {"image", subject.name},
                  {"arches", std::move(arches)},
                  {"labels", decision.plan.labels}}},
                {"resolvedDependencies", std::move(dependencies)}}},
              {"runDetails",
               {{"builder",
                 {{"id", facts.builder}, {"version", {{"rtfx", decision.run.start.version}}}}}}}})
      .dump();
}

}  // namespace rtfx::evidence
