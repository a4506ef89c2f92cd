// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/receipt.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/files.hpp"

namespace rtfx::gate {
namespace {

using Json = nlohmann::ordered_json;

/// The image's name as a file name: "linuxkit/redis:abc" -> "linuxkit-redis.json".
std::string file_name(const std::string& ref) {
  std::string name = ref.substr(0, ref.rfind(':'));
  std::replace(name.begin(), name.end(), '/', '-');
  std::replace(name.begin(), name.end(), ':', '-');
  return name + ".json";
}

Json subject(const std::string& name, const Digest& digest) {
  return {{"name", name}, {"digest", {{"sha256", digest.hex()}}}};
}

}  // namespace

std::string test_result_statement(const Published& published, const results::RunRecord& run,
                                  const Digest& event_log) {
  Json subjects = Json::array({subject(published.ref, published.index)});
  for (const auto& [arch, digest] : published.manifests)
    subjects.push_back(subject(published.ref + "-" + arch, digest));
  Json passed = Json::array();
  for (const results::UnitRecord& unit : run.units) {
    if (unit.planned.unit.kind != "case" || !published.manifests.contains(unit.planned.unit.arch))
      continue;
    if (!unit.finished || unit.finished->result != results::Result::pass) continue;
    passed.push_back(unit.planned.unit.name + " [" + unit.planned.unit.arch + "]");
  }
  Json statement;
  statement["_type"] = "https://in-toto.io/Statement/v1";
  statement["subject"] = std::move(subjects);
  statement["predicateType"] = "https://in-toto.io/attestation/test-result/v0.1";
  statement["predicate"] = {
      {"result", "PASSED"},
      {"configuration",
       Json::array({subject("events.jsonl of run " + run.start.run_id, event_log)})},
      {"passedTests", std::move(passed)},
      {"warnedTests", Json::array()},
      {"failedTests", Json::array()}};
  return statement.dump(2) + "\n";
}

void write_receipts(const std::filesystem::path& folder, const std::string& target,
                    const std::vector<Published>& published, const results::RunRecord& run,
                    const std::filesystem::path& run_folder) {
  const Digest event_log = Digest::of_file(run_folder / "events.jsonl");
  Json release;
  release["target"] = target;
  release["run"] = run.start.run_id;
  release["images"] = Json::array();
  for (const Published& entry : published) {
    Json manifests;
    for (const auto& [arch, digest] : entry.manifests) manifests[arch] = digest.str();
    release["images"].push_back(
        {{"ref", entry.ref}, {"index", entry.index.str()}, {"manifests", std::move(manifests)}});
    write_file_atomically(folder / "statements" / file_name(entry.ref),
                          test_result_statement(entry, run, event_log));
  }
  write_file_atomically(folder / "release.json", release.dump(2) + "\n");
}

}  // namespace rtfx::gate
