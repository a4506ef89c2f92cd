// SPDX-License-Identifier: Apache-2.0
//
// Writing to a registry: blobs and manifests (OCI distribution-spec, "Push").
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/registry/blob_upload.hpp"

namespace rtfx::registry {

namespace {

/// To send that much costs no more than to ask for it.
constexpr std::uint64_t small_blob = 64U << 10U;

bool lacks_a_blob(const Response& response) {
  const std::vector<std::string> codes = error_codes(response);
  return std::find(codes.begin(), codes.end(), "MANIFEST_BLOB_UNKNOWN") != codes.end();
}

}  // namespace

bool Client::State::has_blob(const Endpoint& endpoint, const oci::Reference& repository,
                             const oci::Descriptor& blob, bool again) {
  Question question = about_blob("HEAD", endpoint, repository, blob.digest);
  question.scopes = {push_scope(endpoint, repository)};
  question.repeatable = again;
  const Response response = exchange.ask(question);
  if (is_absent(response)) return false;
  if (response.status != 200) exchange.refuse(question, response);
  in_context(question.what, [&] { check_announced(response, blob); });
  known_blobs.add(repository, blob.digest);
  return true;
}

bool Client::has_blob(const oci::Reference& repository, const oci::Descriptor& blob) {
  return state_->has_blob(state_->endpoints.to_write(repository.registry), repository, blob);
}

bool Client::has_manifest(const oci::Reference& repository, const oci::Descriptor& manifest) {
  const Endpoint endpoint = state_->endpoints.to_write(repository.registry);
  return state_->has_manifest(endpoint, repository, manifest);
}

Client::Given Client::give_blob(const oci::Reference& repository, const oci::Descriptor& blob,
                                const oci::Store& store) {
  const KnownBlobs::Turn turn(state_->known_blobs, repository, blob.digest);
  if (state_->known_blobs.has(repository, blob.digest)) return Given::there;
  if (blob.size > small_blob && has_blob(repository, blob)) return Given::there;
  const Given given = BlobUpload(*state_, repository, blob)
                          .run(state_->known_blobs.elsewhere(repository, blob.digest),
                               [&] { return store.blob_path(blob); });
  state_->known_blobs.add(repository, blob.digest);
  return given;
}

bool Client::put_manifest(const oci::Reference& reference, const Document& document) {
  const Endpoint endpoint = state_->endpoints.to_write(reference.registry);
  const std::string which = reference.digest ? reference.digest->str() : reference.tag;
  const Question question{.what = "writing " + reference.repository +
                                  (reference.digest ? "@" : ":") + which + " to " + endpoint.name,
                          .endpoint = endpoint,
                          .scopes = {push_scope(endpoint, reference)},
                          .request = {.method = "PUT",
                                      .url = endpoint.address(reference, "manifests/" + which),
                                      .headers = {{"Content-Type", document.descriptor.media_type}},
                                      .body = document.bytes},
                          .repeatable = reference.digest.has_value()};
  const auto attempt = [&] {
    Response response = state_->exchange.ask(question);
    // Busy registries lose sight for a moment of what they have said that they have: docker-registry while another
    // publisher writes the same, and those that keep their files in a store that is consistent a little later.
    if (lacks_a_blob(response)) state_->exchange.pass(question, response);
    if (response.status != 201) state_->exchange.refuse(question, response);
    check_taken(question.what, response, document.descriptor.digest);
    return response;
  };
  const Response response = question.repeatable ? state_->exchange.patiently(attempt) : attempt();
  return response.header("oci-subject").has_value();
}

void Client::copy_blob(const oci::Reference& from, const oci::Reference& to,
                       const oci::Descriptor& blob, const std::filesystem::path& scratch) {
  if (has_blob(to, blob)) return;
  const std::filesystem::path file = scratch / blob.digest.hex();
  const auto fetched = [&] {
    download(from, blob, file);
    return file;
  };
  BlobUpload(*state_, to, blob)
      .run(from.registry == to.registry ? std::optional(from) : std::nullopt, fetched);
  std::error_code error;
  std::filesystem::remove(file, error);
}

void Client::download(const oci::Reference& from, const oci::Descriptor& blob,
                      const std::filesystem::path& file) {
  const Endpoint endpoint = state_->endpoints.to_write(from.registry);
  const std::filesystem::path part = file.string() + ".part";
  FileDescriptor out;
  std::optional<Hasher> hasher;
  std::uint64_t size = 0;
  Question question = state_->about_blob("GET", endpoint, from, blob.digest);
  question.restart = [&] {
    out = FileDescriptor(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!out) throw system_error("writing " + part.string(), errno);
    hasher.emplace();
    size = 0;
  };
  question.request.sink = [&](std::string_view bytes) {
    size += bytes.size();
    if (size > blob.size) throw Error("it has more than " + std::to_string(blob.size) + " bytes");
    hasher->update(bytes);
    write_all(out.get(), bytes, part.string());
  };
  const Response response = state_->exchange.ask(question);
  if (response.status != 200) state_->exchange.refuse(question, response);
  if (size != blob.size || hasher->finish() != blob.digest)
    throw Error(question.what + ": the registry sent other bytes; nothing of it was used");
  out.close();
  std::filesystem::rename(part, file);
}

}  // namespace rtfx::registry
