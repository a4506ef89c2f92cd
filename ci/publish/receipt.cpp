// SPDX-License-Identifier: Apache-2.0
#include "ci/publish/receipt.hpp"

#include <nlohmann/json.hpp>

#include "base/files.hpp"

namespace rtfx::publish {

void write_receipt(const std::filesystem::path& folder, const std::string& id,
                   const std::string& target, const Publication& publication) {
  using Json = nlohmann::ordered_json;
  Json release;
  release["id"] = id;
  release["target"] = target;
  release["record"] = {{"ref", publication.record}, {"digest", publication.record_digest.str()}};
  release["images"] = Json::array();
  for (const Published& entry : publication.images) {
    Json manifests;
    for (const auto& [arch, digest] : entry.manifests) manifests[arch] = digest.str();
    release["images"].push_back({{"ref", entry.ref},
                                 {"index", entry.index.str()},
                                 {"arches", entry.arches},
                                 {"manifests", std::move(manifests)}});
  }
  write_file_atomically(folder / "release.json", release.dump(2) + "\n");
}

bool has_receipt(const std::filesystem::path& folder) {
  std::error_code error;
  return std::filesystem::exists(folder / "release.json", error);
}

}  // namespace rtfx::publish
