// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/referrers.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/registry/client_state.hpp"
#include "harness/registry/pages.hpp"
#include "harness/registry/parallel.hpp"
#include "harness/registry/tag_update.hpp"

namespace rtfx::registry {

namespace {

using Json = nlohmann::ordered_json;

std::string string_at(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

/// The type of what a manifest holds (OCI image-spec, "Guidelines for Artifact Usage").
std::string artifact_type_of(const Json& manifest) {
  const std::string type = string_at(manifest, "artifactType");
  const auto config = manifest.find("config");
  return !type.empty() || config == manifest.end() || !config->is_object()
             ? type
             : string_at(*config, "mediaType");
}

Json parse_object(const std::string& bytes, const std::string& what) {
  Json json = Json::parse(bytes, nullptr, false);
  if (!json.is_object()) throw Error(what + ": it is not a JSON object");
  return json;
}

/// The entries of an index of referrers, of one artifact type or of all.
std::vector<oci::Descriptor> entries_in(const std::string& bytes, const std::string& type) {
  std::vector<oci::Descriptor> entries = oci::parse_index(bytes).manifests;
  if (type.empty()) return entries;
  const Json json = Json::parse(bytes);
  std::vector<oci::Descriptor> result;
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (string_at(json["manifests"][i], "artifactType") == type) result.push_back(entries[i]);
  return result;
}

/// How an index of referrers lists the manifest.
Json entry_for(const Document& manifest) {
  const Json json = Json::parse(manifest.bytes);
  Json entry{{"mediaType", manifest.descriptor.media_type},
             {"digest", manifest.descriptor.digest.str()},
             {"size", manifest.descriptor.size}};
  if (const std::string type = artifact_type_of(json); !type.empty()) entry["artifactType"] = type;
  const auto annotations = json.find("annotations");
  if (annotations != json.end() && annotations->is_object()) entry["annotations"] = *annotations;
  return entry;
}

/// The index that lists these as well; nullopt when it does so already.
std::optional<Document> with_entries(const std::optional<Document>& now,
                                     const std::vector<Document>& manifests,
                                     const oci::Reference& tag) {
  Json index{
      {"schemaVersion", 2}, {"mediaType", oci::media_type_index}, {"manifests", Json::array()}};
  if (now) {
    if (!is_index(now->descriptor))
      throw Error(tag.familiar() + " lists no referrers, it is an image; remove that tag");
    index = parse_object(now->bytes, tag.familiar());
  }
  bool changed = false;
  for (const Document& manifest : manifests) {
    const std::string digest = manifest.descriptor.digest.str();
    const bool listed =
        std::any_of(index["manifests"].begin(), index["manifests"].end(),
                    [&](const Json& entry) { return string_at(entry, "digest") == digest; });
    if (listed) continue;
    index["manifests"].push_back(entry_for(manifest));
    changed = true;
  }
  if (!changed) return std::nullopt;
  const std::string bytes = index.dump();
  return Document{
      {std::string(oci::media_type_index), Digest::of(bytes), bytes.size(), std::nullopt, {}},
      bytes};
}

void check_subject(const Referrer& referrer) {
  const std::string what = "manifest " + referrer.manifest.descriptor.digest.str();
  const Json json = parse_object(referrer.manifest.bytes, what);
  const auto subject = json.find("subject");
  if (subject == json.end() || !subject->is_object() ||
      string_at(*subject, "digest") != referrer.subject.str())
    throw Error(what + " does not name " + referrer.subject.str() + " as its subject");
}

/// Whether the registry has no referrers API: 404 says so, and some say it in another way.
bool has_no_api(const Response& response) {
  const std::vector<std::string> codes = error_codes(response);
  const bool unsupported = std::find(codes.begin(), codes.end(), "UNSUPPORTED") != codes.end();
  return is_absent(response) || unsupported || response.status == 405 || response.status == 501;
}

/// Some answer with a page for people where they have no API.
bool is_listing(const Response& response) {
  const std::string type = response.header("content-type").value_or("");
  return response.status == 200 && type.starts_with(oci::media_type_index);
}

/// What the API lists; nullopt when the registry has none.
std::optional<std::vector<oci::Descriptor>> ask_api(Client::State& state, const Endpoint& endpoint,
                                                    const oci::Reference& repository,
                                                    const Digest& subject,
                                                    const std::string& type) {
  Question question{.what = "asking " + endpoint.name + " what " + repository.repository +
                            " has about " + subject.str(),
                    .endpoint = endpoint,
                    .scopes = {"repository:" + endpoint.repository(repository) + ":pull"},
                    .request = {.url = endpoint.address(repository, "referrers/" + subject.str()),
                                .headers = {{"Accept", std::string(oci::media_type_index)}}}};
  if (!type.empty()) question.request.url = with_query(question.request.url, "artifactType", type);
  std::optional<std::vector<oci::Descriptor>> result;
  std::set<Digest> seen;
  for_each_page(state.exchange, question, [&](const Question& page, const Response& response) {
    if (!is_listing(response) && !result && (response.ok() || has_no_api(response))) {
      // A 404 that speaks of the repository does not speak of the API.
      if (error_codes(response).empty()) state.lacks_referrers(endpoint.registry, true);
      return false;
    }
    if (!is_listing(response)) state.exchange.refuse(page, response);
    if (!result) result.emplace();
    const bool filtered =
        response.header("oci-filters-applied").value_or("").find("artifactType") !=
        std::string::npos;
    const auto entries =
        in_context(page.what, [&] { return entries_in(response.body, filtered ? "" : type); });
    for (const oci::Descriptor& entry : entries)
      if (seen.insert(entry.digest).second) result->push_back(entry);
    return true;
  });
  return result;
}

/// Those that the registry does not list as they are now.
std::vector<const Referrer*> unlisted(Client& client, const std::vector<Referrer>& referrers) {
  std::mutex mutex;
  std::vector<const Referrer*> result;
  for_each_in_parallel(referrers, [&](const Referrer& referrer) {
    const oci::Descriptor& manifest = referrer.manifest.descriptor;
    const auto listed = client.referrers(referrer.repository, referrer.subject);
    const bool there = std::any_of(listed.begin(), listed.end(), [&](const oci::Descriptor& one) {
      return one.digest == manifest.digest;
    });
    if (there && client.has_manifest(referrer.repository, manifest)) return;
    const std::lock_guard lock(mutex);
    result.push_back(&referrer);
  });
  return result;
}

}  // namespace

std::string referrers_tag(const Digest& subject) { return "sha256-" + subject.hex(); }

void put_referrers(Client& client, const std::vector<Referrer>& referrers,
                   const std::filesystem::path& locks) {
  for (const Referrer& referrer : referrers) check_subject(referrer);
  struct List {
    oci::Reference tag;
    std::vector<Document> manifests;
  };
  std::map<std::string, List> lists;  // of what the registry does not list itself
  std::mutex mutex;
  for_each_in_parallel(unlisted(client, referrers), [&](const Referrer* referrer) {
    const oci::Reference manifest =
        referrer->repository.with_digest(referrer->manifest.descriptor.digest);
    if (client.put_manifest(manifest, referrer->manifest)) return;
    const oci::Reference tag = referrer->repository.with_tag(referrers_tag(referrer->subject));
    const std::lock_guard lock(mutex);
    List& list = lists[tag.str()];
    list.tag = tag;
    list.manifests.push_back(referrer->manifest);
  });
  std::vector<TagUpdate> updates;
  for (auto& [name, list] : lists) {
    // The same ones in the same order make the same index, whichever was sent first.
    std::sort(list.manifests.begin(), list.manifests.end(),
              [](const Document& a, const Document& b) {
                return a.descriptor.digest < b.descriptor.digest;
              });
    updates.push_back({list.tag, [&list = list](const std::optional<Document>& now) {
                         return with_entries(now, list.manifests, list.tag);
                       }});
  }
  if (!updates.empty()) update_tags(client, updates, locks);
}

void Client::put_referrer(const oci::Reference& repository, const Document& manifest,
                          const Digest& subject, const std::filesystem::path& locks) {
  put_referrers(*this, {{repository, manifest, subject}}, locks);
}

std::vector<oci::Descriptor> Client::referrers(const oci::Reference& repository,
                                               const Digest& subject,
                                               const std::string& artifact_type) {
  const Endpoint endpoint = state_->endpoints.to_write(repository.registry);
  if (!state_->lacks_referrers(endpoint.registry)) {
    if (const auto listed = ask_api(*state_, endpoint, repository, subject, artifact_type))
      return *listed;
  }
  const oci::Reference tag = repository.with_tag(referrers_tag(subject));
  const std::optional<Document> document = state_->document(endpoint, tag);
  if (!document) return {};
  if (!is_index(document->descriptor))
    throw Error(tag.familiar() + " lists no referrers, it is an image; remove that tag");
  return entries_in(document->bytes, artifact_type);
}

}  // namespace rtfx::registry
