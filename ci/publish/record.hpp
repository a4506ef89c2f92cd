// SPDX-License-Identifier: Apache-2.0
//
// The release record: an OCI artifact that lists every index of a release. Who pins its digest pins all of them. The
// same release gives the same bytes: there is no time, host or id in it.
//
//   repository   ORG/releases
//   tags         r-<first 12 hex digits of its digest>, each name of the release, latest
//   manifest     an OCI image manifest, artifactType application/vnd.rtfx.release.v1+json,
//                config application/vnd.oci.empty.v1+json (OCI image-spec, "Guidance for an Empty Descriptor")
//   layer        one, application/vnd.rtfx.release.v1+json: JSON, 2-space indent, what Record says; its "units" are what
//                gate::parse_baseline() reads
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ci/publish/target.hpp"
#include "harness/oci/store.hpp"

namespace rtfx::publish {

inline constexpr std::string_view media_type_record = "application/vnd.rtfx.release.v1+json";

/// A required unit of an arch that ships whose result is no plain pass.
struct NotPassing {
  std::string kind, name, arch;  ///< as in the event log
  std::string result;            ///< "flaky", "fail", "timeout", …, or "missing"
  std::string why;               ///< why it did not block
  auto operator<=>(const NotPassing&) const = default;
};

/// What the verdict came to.
struct Outcome {
  std::vector<std::string> arches;      ///< that ship, in the order of the project
  std::vector<std::string> candidates;  ///< that were judged and do not ship
  int required = 0, passed = 0;         ///< units of the arches that ship
  std::vector<NotPassing> not_passing;
  std::string commit;  ///< of the project; "" when unknown
  bool operator==(const Outcome&) const = default;
};

/// One index of the release.
struct RecordImage {
  std::string ref;  ///< org/image:tag
  Digest index;
  std::uint64_t size = 0;  ///< of the index's bytes
  std::map<std::string, Digest>
      tested;  ///< manifests by arch; what else the index has is of others
  bool operator==(const RecordImage&) const = default;
};

struct Record {
  std::vector<RecordImage> images;  ///< sorted by ref
  Outcome outcome;
  bool operator==(const Record&) const = default;
};

/// The layer's bytes.
std::string format_record(const Record& record);
/// Throws Error when it is not such a record.
Record parse_record(std::string_view json);

/// Puts configuration, layer and manifest into the store; returns the manifest.
oci::Descriptor put_record(oci::Store& store, const Record& record);

/// "ORG/releases".
std::string record_repository(const std::string& org);
/// "r-<first 12 hex digits>".
std::string record_tag(const Digest& digest);

/// The record that `name` (a tag or a digest) stands for. nullopt: it is not there. Throws Error when it is no record.
std::optional<Record> read_record(Target& target, const std::string& org, const std::string& name);

}  // namespace rtfx::publish
