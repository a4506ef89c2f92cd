// SPDX-License-Identifier: Apache-2.0
//
// Writing to a registry: blobs and manifests (OCI distribution-spec, "Push").
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/registry/client_state.hpp"

namespace rtfx::registry {

namespace {

std::string pull_scope(const Endpoint& endpoint, const oci::Reference& repository) {
  return "repository:" + endpoint.repository(repository) + ":pull";
}
std::string push_scope(const Endpoint& endpoint, const oci::Reference& repository) {
  return pull_scope(endpoint, repository) + ",push";
}

/// A registry that names the digest of what it got must name ours.
void check_taken(const std::string& what, const Response& response, const Digest& digest) {
  const std::string taken = response.header("docker-content-digest").value_or(digest.str());
  if (taken.starts_with("sha256:") && taken != digest.str())
    throw Error(what + ": the registry took it for " + text::one_line(taken) + " instead of " +
                digest.str());
}

bool lacks_a_blob(const Response& response) {
  const std::vector<std::string> codes = error_codes(response);
  return std::find(codes.begin(), codes.end(), "MANIFEST_BLOB_UNKNOWN") != codes.end();
}

/// One upload: a session, then all the bytes at once. `query` belongs to the request that opens the session.
class Upload {
 public:
  Upload(Exchange& exchange, const Endpoint& endpoint, const oci::Reference& repository,
         const oci::Descriptor& blob)
      : exchange_(exchange),
        endpoint_(endpoint),
        repository_(repository),
        blob_(blob),
        what_("uploading blob " + blob.digest.str() + " to " + endpoint.name + "/" +
              repository.repository) {}

  /// The address where the bytes are wanted; nullopt when the registry has mounted the blob from `from`.
  std::optional<std::string> open(const oci::Reference* from) {
    Question question = ask("POST", endpoint_.address(repository_, "blobs/uploads/"));
    if (from != nullptr) {
      question.request.url = with_query(question.request.url, "mount", blob_.digest.str());
      question.request.url = with_query(question.request.url, "from", endpoint_.repository(*from));
      question.scopes.push_back(pull_scope(endpoint_, *from));
    }
    const Response response = exchange_.ask(question);
    if (from != nullptr && response.status == 201) {
      check_taken(what_, response, blob_.digest);
      return std::nullopt;
    }
    if (response.status != 202) exchange_.refuse(question, response);
    const std::optional<std::string> location = response.header("location");
    if (!location) throw Error(what_ + ": the registry does not say where to (no Location)");
    return in_context(
        what_, [&] { return resolve_location(parse_url(question.request.url), *location).text; });
  }

  void send(const std::string& address, const std::filesystem::path& file) {
    Question question = ask("PUT", with_query(address, "digest", blob_.digest.str()));
    question.request.headers.emplace_back("Content-Type", "application/octet-stream");
    question.request.body_file = file;
    const Response response = exchange_.ask(question);
    if (response.status != 201) exchange_.refuse(question, response);
    check_taken(what_, response, blob_.digest);
  }

 private:
  /// Not repeatable: after a failure the session may be gone, and a new one begins.
  Question ask(const std::string& method, const std::string& url) const {
    return {.what = what_,
            .endpoint = endpoint_,
            .scopes = {push_scope(endpoint_, repository_)},
            .request = {.method = method, .url = url},
            .repeatable = false};
  }

  Exchange& exchange_;
  const Endpoint& endpoint_;
  const oci::Reference& repository_;
  const oci::Descriptor& blob_;
  std::string what_;
};

}  // namespace

bool Client::has_blob(const oci::Reference& repository, const oci::Descriptor& blob) {
  const Endpoint endpoint = state_->endpoints.to_write(repository.registry);
  Question question = state_->about_blob("HEAD", endpoint, repository, blob.digest);
  question.scopes = {push_scope(endpoint, repository)};
  const Response response = state_->exchange.ask(question);
  if (is_absent(response)) return false;
  if (response.status != 200) state_->exchange.refuse(question, response);
  return true;
}

bool Client::put_blob(const oci::Reference& repository, const oci::Descriptor& blob,
                      const oci::Store& store) {
  if (has_blob(repository, blob)) return false;
  const Endpoint endpoint = state_->endpoints.to_write(repository.registry);
  const std::filesystem::path file = store.blob_path(blob);
  state_->exchange.patiently([&] {
    Upload upload(state_->exchange, endpoint, repository, blob);
    upload.send(*upload.open(nullptr), file);
  });
  return true;
}

void Client::put_manifest(const oci::Reference& reference, const Document& document) {
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
    const Response response = state_->exchange.ask(question);
    // Busy registries lose sight for a moment of what they have said that they have: docker-registry while another
    // publisher writes the same, and those that keep their files in a store that is consistent a little later.
    if (lacks_a_blob(response)) state_->exchange.pass(question, response);
    if (response.status != 201) state_->exchange.refuse(question, response);
    check_taken(question.what, response, document.descriptor.digest);
  };
  if (question.repeatable)
    state_->exchange.patiently(attempt);
  else
    attempt();
}

void Client::copy_blob(const oci::Reference& from, const oci::Reference& to,
                       const oci::Descriptor& blob, const std::filesystem::path& scratch) {
  if (has_blob(to, blob)) return;
  const Endpoint endpoint = state_->endpoints.to_write(to.registry);
  const std::filesystem::path file = scratch / blob.digest.hex();
  std::error_code error;
  bool mount = from.registry == to.registry;
  state_->exchange.patiently([&] {
    Upload upload(state_->exchange, endpoint, to, blob);
    const std::optional<std::string> address =
        upload.open(std::exchange(mount, false) ? &from : nullptr);
    if (!address) return;
    if (!std::filesystem::exists(file, error)) download(from, blob, file);
    upload.send(*address, file);
  });
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
