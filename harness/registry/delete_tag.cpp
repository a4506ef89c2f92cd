// SPDX-License-Identifier: Apache-2.0
//
// Taking a tag away (OCI distribution-spec, "Content Management").
#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>

#include "harness/registry/client_state.hpp"
#include "harness/registry/pages.hpp"
#include "harness/registry/parallel.hpp"

namespace rtfx::registry {

namespace {

/// What a registry answers that does not delete in this way.
bool does_not_do_it(const Response& response) {
  const std::vector<std::string> codes = error_codes(response);
  return response.status == 400 || response.status == 405 || response.status == 501 ||
         std::find(codes.begin(), codes.end(), "UNSUPPORTED") != codes.end();
}

/// Deletes a tag or digest; false when the registry does not do that.
bool remove(Client::State& state, const Endpoint& endpoint, const oci::Reference& reference) {
  Question question = state.about_manifest("DELETE", endpoint, reference);
  const std::string which = reference.digest ? "@" + reference.digest->str() : ":" + reference.tag;
  question.what = "deleting " + reference.repository + which + " from " + endpoint.name;
  question.scopes = {"repository:" + endpoint.repository(reference) + ":pull,delete"};
  const Response response = state.exchange.ask(question);
  if (response.ok() || is_absent(response)) return true;
  if (does_not_do_it(response)) return false;
  state.exchange.refuse(question, response);
}

std::vector<std::string> all_tags(Client::State& state, const Endpoint& endpoint,
                                  const oci::Reference& repository) {
  const Question question{
      .what = "asking " + endpoint.name + " for the tags of " + repository.repository,
      .endpoint = endpoint,
      .scopes = {"repository:" + endpoint.repository(repository) + ":pull"},
      .request = {.url = endpoint.address(repository, "tags/list?n=1000")}};
  std::vector<std::string> tags;
  for_each_page(state.exchange, question, [&](const Question& page, const Response& response) {
    if (is_absent(response)) return false;
    if (response.status != 200) state.exchange.refuse(page, response);
    const auto json = nlohmann::json::parse(response.body, nullptr, false);
    if (!json.is_object() || !json.contains("tags"))
      throw Error(page.what + ": the answer is no list of tags");
    for (const auto& tag : json["tags"])  // null when there are none
      if (tag.is_string()) tags.push_back(tag.get<std::string>());
    return true;
  });
  return tags;
}

/// Whether the tag stands for the manifest, or for an index that lists it.
bool needs(Client& client, const oci::Reference& tag, const Digest& digest) {
  const auto there = client.published_descriptor(tag);
  if (!there) return false;
  if (there->digest == digest) return true;
  if (!is_index(*there)) return false;
  const auto index = client.published(tag.with_digest(there->digest));
  if (!index) return false;
  const std::vector<oci::Descriptor> entries = oci::parse_index(index->bytes).manifests;
  return std::any_of(entries.begin(), entries.end(),
                     [&](const oci::Descriptor& entry) { return entry.digest == digest; });
}

}  // namespace

bool Client::delete_tag(const oci::Reference& given, const std::vector<std::string>& going) {
  if (given.tag.empty() || given.digest)
    throw Error("deleting " + given.familiar() + ": a name with a tag and no digest is needed",
                ExitCode::usage);
  const Endpoint endpoint = state_->endpoints.to_write(given.registry);
  const auto there = published_descriptor(given);
  if (!there) return true;
  const auto is_gone = [&] { return !published_descriptor(given); };
  if (remove(*state_, endpoint, given)) return is_gone();
  std::vector<std::string> others = all_tags(*state_, endpoint, given);
  std::erase(others, given.tag);
  for (const std::string& tag : going) std::erase(others, tag);
  std::atomic<bool> needed = false;
  for_each_in_parallel(others, [&](const std::string& other) {
    if (!needed && needs(*this, given.with_tag(other), there->digest)) needed = true;
  });
  // Somebody else may have moved the tag meanwhile.
  const auto now = published_descriptor(given);
  if (!now) return true;
  if (needed || now->digest != there->digest) return false;
  return remove(*state_, endpoint, given.with_digest(there->digest)) && is_gone();
}

}  // namespace rtfx::registry
