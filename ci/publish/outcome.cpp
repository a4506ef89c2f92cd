// SPDX-License-Identifier: Apache-2.0
#include "ci/publish/outcome.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/oci/store_files.hpp"

namespace rtfx::publish {
namespace {

/// The manifest of that digest in a store or layout; nullopt: it is not there.
std::optional<oci::Descriptor> find_manifest(const oci::Store& store, const Digest& digest) {
  std::error_code error;
  const std::uintmax_t size =
      std::filesystem::file_size(oci::blob_file(store.directory(), digest), error);
  if (error) return std::nullopt;
  oci::Descriptor found{std::string(oci::media_type_manifest), digest, size, std::nullopt, {}};
  const auto json = nlohmann::json::parse(store.read(found), nullptr, false);
  if (json.is_object()) found.media_type = json.value("mediaType", found.media_type);
  if (!store.complete(found)) return std::nullopt;
  return found;
}

oci::Descriptor take_over(const gate::Decision& decision, const results::Subject& subject,
                          oci::Store& store) {
  const Digest digest = Digest::parse(subject.digest);
  std::optional<oci::Descriptor> found = find_manifest(store, digest);
  for (const std::filesystem::path& layout : decision.images) {
    if (found) break;
    const oci::Store other(layout);
    found = find_manifest(other, digest);
    if (found) store.copy_from(other, *found);
  }
  if (!found)
    throw Error("the image " + subject.name + " for " + subject.arch + " (" + subject.digest +
                ") that was judged is not in " + store.directory().string() +
                " any more; run rtfx release again");
  return *found;
}

}  // namespace

Outcome outcome_of(const gate::Decision& decision) {
  Outcome outcome;
  outcome.commit = decision.commit;
  outcome.arches = decision.verdict.shipped_arches();
  for (const gate::ArchVerdict& arch : decision.verdict.arches) {
    if (!arch.first_class) {
      outcome.candidates.push_back(arch.arch);
      continue;
    }
    for (const gate::Judgement& unit : arch.units) {
      ++outcome.required;
      if (unit.result == "pass" || unit.result == "flaky") ++outcome.passed;
      if (unit.result != "pass")
        outcome.not_passing.push_back(
            {unit.unit.kind, unit.unit.name, unit.unit.arch, unit.result, unit.reason});
    }
  }
  return outcome;
}

std::vector<Shipment> shipments_of(const gate::Decision& decision, oci::Store& store) {
  const std::vector<std::string> arches = decision.verdict.shipped_arches();
  if (!decision.verdict.ships || arches.empty())
    throw Error("release " + decision.id + " is blocked; nothing of it is published");
  store.start_writing();
  std::map<std::string, Shipment> by_ref;
  for (const results::Subject& subject : decision.subjects) {
    if (std::find(arches.begin(), arches.end(), subject.arch) == arches.end()) continue;
    const std::size_t colon = subject.name.rfind(':');
    Shipment& shipment = by_ref[subject.name];
    shipment.repository = subject.name.substr(0, colon);
    shipment.tag = subject.name.substr(colon + 1);
    shipment.manifests.insert_or_assign(subject.arch, take_over(decision, subject, store));
  }
  std::vector<Shipment> all;
  for (auto& [ref, shipment] : by_ref) all.push_back(std::move(shipment));
  return all;
}

std::optional<gate::Baseline> released_baseline(Target& target, const std::string& org) {
  const std::optional<Record> record = read_record(target, org, "latest");
  if (!record) return std::nullopt;
  gate::Baseline baseline;
  baseline.source = "release record " + target.ref(record_repository(org), "latest");
  baseline.complete = false;
  for (const NotPassing& unit : record->outcome.not_passing)
    baseline.results[{unit.kind, unit.name, unit.arch}] = unit.result;
  return baseline;
}

}  // namespace rtfx::publish
