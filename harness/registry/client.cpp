// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <condition_variable>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "harness/oci/index_merge.hpp"
#include "harness/registry/client_state.hpp"
#include "harness/registry/patience.hpp"

namespace rtfx::registry {

namespace {

constexpr std::string_view docker_list =
    "application/vnd.docker.distribution.manifest.list.v2+json";
constexpr std::string_view docker_manifest = "application/vnd.docker.distribution.manifest.v2+json";

/// What rtfx reads, in the order of preference.
std::string accepted() {
  std::string result;
  for (const std::string_view type :
       {oci::media_type_index, docker_list, oci::media_type_manifest, docker_manifest})
    result += (result.empty() ? "" : ", ") + std::string(type);
  return result;
}

bool is_known(std::string_view type) {
  return type == oci::media_type_index || type == docker_list || type == oci::media_type_manifest ||
         type == docker_manifest;
}

/// "application/json; charset=utf-8" -> "application/json".
std::string media_type_of(const Response& response) {
  const std::string header = response.header("content-type").value_or("");
  return std::string(text::trim(header.substr(0, header.find(';'))));
}

/// The type that the document gives itself; what the header says counts only when it does not.
std::string media_type_of(const std::string& bytes, const Response& response) {
  const auto json = nlohmann::json::parse(bytes, nullptr, false);
  if (!json.is_object()) throw Error("the answer is not a JSON object; is it a registry?");
  if (json.contains("mediaType") && json["mediaType"].is_string())
    return json["mediaType"].get<std::string>();
  if (json.value("schemaVersion", nlohmann::json()) == 1)
    throw Error("it is a manifest of schema version 1, which is obsolete; push the image again");
  const std::string type = media_type_of(response);
  if (is_known(type)) return type;
  return std::string(json.contains("manifests") ? oci::media_type_index : oci::media_type_manifest);
}

/// Reads the whole of it once, so that what is wrong is told here and not later.
void check_document(const Document& document) {
  if (is_index(document.descriptor))
    oci::parse_index(document.bytes);
  else if (is_image(document.descriptor))
    oci::parse_manifest(document.bytes);
  else
    throw Error("it has the media type \"" + text::one_line(document.descriptor.media_type) +
                "\", which is neither an image nor an index");
}

std::optional<Digest> announced_digest(const Response& response) {
  const auto header = response.header("docker-content-digest");
  return header && header->starts_with("sha256:") ? std::optional(Digest::parse(*header))
                                                  : std::nullopt;
}

void check_digest(const Digest& got, const Digest& wanted, const char* who) {
  if (got != wanted)
    throw Error("the registry sent " + got.str() + " instead of " + wanted.str() + ", which " +
                who + "; nothing of it was used");
}

/// The length of the bytes themselves, when it is given.
std::optional<std::uint64_t> announced_size(const Response& response) {
  const std::string length = response.header("content-length").value_or("");
  if (response.header("content-encoding")) return std::nullopt;
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), size);
  const bool number = error == std::errc() && end == length.data() + length.size();
  return number && !length.empty() ? std::optional(size) : std::nullopt;
}

/// What the headers of a HEAD say; nullopt when they do not say all.
std::optional<oci::Descriptor> described(const Response& response) {
  const std::optional<Digest> digest = announced_digest(response);
  const std::optional<std::uint64_t> size = announced_size(response);
  const std::string type = media_type_of(response);
  if (!digest || !is_known(type) || !size) return std::nullopt;
  return oci::Descriptor{type, *digest, *size, std::nullopt, {}};
}

std::string wrong_size(std::uint64_t got, std::uint64_t wanted) {
  return "it has " + std::to_string(got) + " bytes instead of " + std::to_string(wanted);
}

void wait_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_for(lock, stop, time, [] { return false; });
}

bool is_for(const oci::Platform& platform, const std::string& arch) {
  return platform.os == "linux" && platform.architecture == arch;
}

}  // namespace

bool is_index(const oci::Descriptor& descriptor) {
  return descriptor.media_type == oci::media_type_index || descriptor.media_type == docker_list;
}

void check_announced(const Response& response, const oci::Descriptor& descriptor) {
  if (const auto digest = announced_digest(response))
    check_digest(*digest, descriptor.digest, "was asked for");
  const auto size = announced_size(response);
  if (size && *size != descriptor.size) throw Error(wrong_size(*size, descriptor.size));
}

bool is_image(const oci::Descriptor& descriptor) {
  return descriptor.media_type == oci::media_type_manifest ||
         descriptor.media_type == docker_manifest;
}

Client::State::State(std::unique_ptr<Http> transport, Wait wait, const RegistryOptions& options,
                     std::stop_token stop)
    : http(std::move(transport)),
      endpoints(options),
      credentials(options, process::system_runner(), stop),
      exchange(*http, credentials, std::move(wait), stop, first_pause()) {}

Question Client::State::about_manifest(const std::string& method, const Endpoint& endpoint,
                                       const oci::Reference& reference) const {
  const std::string which = reference.digest ? reference.digest->str() : reference.tag;
  return {.what = "asking " + endpoint.name + " for " + reference.repository +
                  (reference.digest ? "@" : ":") + which,
          .endpoint = endpoint,
          .scopes = {"repository:" + endpoint.repository(reference) + ":pull"},
          .request = {.method = method,
                      .url = endpoint.address(reference, "manifests/" + which),
                      .headers = {{"Accept", accepted()}}}};
}

Question Client::State::about_blob(const std::string& method, const Endpoint& endpoint,
                                   const oci::Reference& repository, const Digest& digest) const {
  return {
      .what =
          "asking " + endpoint.name + " for blob " + digest.str() + " of " + repository.repository,
      .endpoint = endpoint,
      .scopes = {"repository:" + endpoint.repository(repository) + ":pull"},
      .request = {.method = method, .url = endpoint.address(repository, "blobs/" + digest.str())}};
}

std::optional<Document> Client::State::document(const Endpoint& endpoint,
                                                const oci::Reference& reference) {
  const Question question = about_manifest("GET", endpoint, reference);
  const Response response = exchange.ask(question);
  if (is_absent(response)) return std::nullopt;
  if (response.status != 200) exchange.refuse(question, response);
  return in_context(question.what, [&] {
    const Digest digest = Digest::of(response.body);
    if (reference.digest) check_digest(digest, *reference.digest, "was asked for");
    if (const auto announced = announced_digest(response))
      check_digest(digest, *announced, "it announced");
    Document document{
        {media_type_of(response.body, response), digest, response.body.size(), std::nullopt, {}},
        response.body};
    check_document(document);
    return std::optional(std::move(document));
  });
}

std::optional<oci::Descriptor> Client::State::resolve(const Endpoint& endpoint,
                                                      const oci::Reference& reference) {
  const Question question = about_manifest("HEAD", endpoint, reference);
  const Response response = exchange.ask(question);
  if (is_absent(response)) return std::nullopt;
  // Some registries do not answer HEAD as they should; and an answer to GET says what is wrong.
  const std::optional<oci::Descriptor> found =
      response.status == 200 ? in_context(question.what, [&] { return described(response); })
                             : std::nullopt;
  if (!found) {
    const std::optional<Document> document = this->document(endpoint, reference);
    return document ? std::optional(document->descriptor) : std::nullopt;
  }
  if (reference.digest)
    in_context(question.what,
               [&] { check_digest(found->digest, *reference.digest, "was asked for"); });
  return found;
}

bool Client::State::has_manifest(const Endpoint& endpoint, const oci::Reference& repository,
                                 const oci::Descriptor& manifest) {
  const auto found = resolve(endpoint, repository.with_digest(manifest.digest));
  if (found && found->size != manifest.size)
    throw Error("asking " + endpoint.name + " for " + repository.repository + "@" +
                manifest.digest.str() + ": " + wrong_size(found->size, manifest.size));
  return found.has_value();
}

std::string Client::State::blob(const Endpoint& endpoint, const oci::Reference& repository,
                                const oci::Descriptor& descriptor) {
  const Question question = about_blob("GET", endpoint, repository, descriptor.digest);
  Response response = exchange.ask(question);
  if (response.status != 200) exchange.refuse(question, response);
  if (response.body.size() != descriptor.size)
    throw Error(question.what + ": " + wrong_size(response.body.size(), descriptor.size));
  in_context(question.what,
             [&] { check_digest(Digest::of(response.body), descriptor.digest, "was asked for"); });
  return std::move(response.body);
}

oci::Platform Client::State::platform_of(const Endpoint& endpoint, const oci::Reference& repository,
                                         const Document& image) {
  const oci::Descriptor config = oci::parse_manifest(image.bytes).config;
  const std::string bytes = blob(endpoint, repository, config);
  return in_context(endpoint.name + ": " + repository.repository + "@" + config.digest.str(), [&] {
    const oci::ImageConfig parsed = oci::parse_image_config(bytes);
    return oci::Platform{parsed.os, parsed.architecture, ""};
  });
}

oci::Descriptor Client::State::child(const Endpoint& endpoint, const oci::Reference& index,
                                     const oci::Descriptor& entry) {
  const oci::Reference reference = index.with_digest(entry.digest);
  const Question question = about_manifest(entry.platform ? "HEAD" : "GET", endpoint, reference);
  const Response response = exchange.ask(question);
  if (is_absent(response))
    throw Error(endpoint.name + ": the index " + index.familiar() + " lists " + entry.digest.str() +
                ", which the registry does not have; push it again");
  if (response.status != 200) exchange.refuse(question, response);
  in_context(question.what, [&] { check_announced(response, entry); });
  oci::Descriptor found = entry;
  if (!found.platform) {
    in_context(question.what,
               [&] { check_digest(Digest::of(response.body), entry.digest, "was asked for"); });
    found.platform = platform_of(endpoint, index, {entry, response.body});
  }
  return found;
}

Client::Client(const RegistryOptions& options, std::stop_token stop)
    : Client(make_curl_http(options.cert_files), &wait_for, options, std::move(stop)) {}

Client::Client(std::unique_ptr<Http> http, Wait wait, const RegistryOptions& options,
               std::stop_token stop)
    : state_(std::make_unique<State>(std::move(http), std::move(wait), options, std::move(stop))) {}

Client::~Client() = default;

std::optional<oci::Descriptor> Client::resolve(const oci::Reference& reference) {
  return state_->resolve(state_->endpoints.to_read(reference.registry), reference);
}

std::optional<oci::Descriptor> Client::published_descriptor(const oci::Reference& reference) {
  return state_->resolve(state_->endpoints.to_write(reference.registry), reference);
}

std::optional<Document> Client::document(const oci::Reference& reference) {
  return state_->document(state_->endpoints.to_read(reference.registry), reference);
}

std::optional<Document> Client::published(const oci::Reference& reference) {
  return state_->document(state_->endpoints.to_write(reference.registry), reference);
}

std::optional<oci::Descriptor> Client::find(const oci::Reference& reference,
                                            const std::string& arch) {
  const Endpoint endpoint = state_->endpoints.to_read(reference.registry);
  const std::optional<Document> top = state_->document(endpoint, reference);
  if (!top) return std::nullopt;
  if (is_image(top->descriptor)) {
    oci::Descriptor image = top->descriptor;
    image.platform = state_->platform_of(endpoint, reference, *top);
    return is_for(*image.platform, arch) ? std::optional(image) : std::nullopt;
  }
  for (const oci::Descriptor& child : oci::parse_index(top->bytes).manifests) {
    const bool wanted = is_image(child) && !oci::is_attestation(child) &&
                        (!child.platform || is_for(*child.platform, arch));
    if (!wanted) continue;
    const auto found = state_->child(endpoint, reference, child);
    if (is_for(*found.platform, arch)) return found;
  }
  return std::nullopt;
}

oci::Platform Client::platform_of(const oci::Reference& repository, const Document& image) {
  return state_->platform_of(state_->endpoints.to_write(repository.registry), repository, image);
}

std::string Client::blob(const oci::Reference& repository, const oci::Descriptor& descriptor) {
  return state_->blob(state_->endpoints.to_write(repository.registry), repository, descriptor);
}

void Client::patiently(const std::function<void()>& attempt) {
  state_->exchange.patiently(attempt);
}

void Client::wait(std::chrono::milliseconds time) {
  state_->exchange.wait()(time, stop_token());
  if (stop_token().stop_requested()) throw Error("interrupted", ExitCode::interrupted);
}

const std::stop_token& Client::stop_token() const { return state_->exchange.stop_token(); }

}  // namespace rtfx::registry
