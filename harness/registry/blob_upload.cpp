// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/blob_upload.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace rtfx::registry {

namespace {

constexpr std::uint64_t first_piece = 16U << 20U;
constexpr std::uint64_t smallest_piece = 64U << 10U;
constexpr unsigned max_sessions = 12;
constexpr unsigned max_whole_tries = 2;

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && !text.empty() ? std::optional(value) : std::nullopt;
}

bool says(const Response& response, std::initializer_list<std::string_view> wanted) {
  const std::vector<std::string> codes = error_codes(response);
  return std::any_of(codes.begin(), codes.end(), [&](const std::string& code) {
    return std::find(wanted.begin(), wanted.end(), code) != wanted.end();
  });
}

}  // namespace

std::string pull_scope(const Endpoint& endpoint, const oci::Reference& repository) {
  return "repository:" + endpoint.repository(repository) + ":pull";
}
std::string push_scope(const Endpoint& endpoint, const oci::Reference& repository) {
  return pull_scope(endpoint, repository) + ",push";
}

void check_taken(const std::string& what, const Response& response, const Digest& digest) {
  const std::string taken = response.header("docker-content-digest").value_or(digest.str());
  if (taken.starts_with("sha256:") && taken != digest.str())
    throw Error(what + ": the registry took it for " + text::one_line(taken) + " instead of " +
                digest.str());
}

BlobUpload::BlobUpload(Client::State& state, const oci::Reference& repository,
                       const oci::Descriptor& blob)
    : state_(state),
      repository_(repository),
      blob_(blob),
      endpoint_(state.endpoints.to_write(repository.registry)),
      what_("uploading blob " + blob.digest.str() + " to " + endpoint_.name + "/" +
            repository.repository),
      piece_(first_piece),
      least_piece_(smallest_piece) {}

Client::Given BlobUpload::run(std::optional<oci::Reference> from,
                              const std::function<std::filesystem::path()>& file) {
  from_ = std::move(from);
  while (true) {
    try {
      if (std::exchange(broken_, false) && recover()) return Client::Given::sent;
      if (!address_ && !open()) return Client::Given::mounted;
      if (file_.empty()) file_ = file();
      if (in_pieces_ ? send_pieces() : send_whole()) return Client::Given::sent;
      broken_ = true;
    } catch (const Exchange::Passing& passing) {
      broken_ = true;
      if (sessions_ >= max_sessions || !state_.exchange.pause(passing, failures_++)) throw;
    }
  }
}

bool BlobUpload::open() {
  if (const auto from = std::exchange(from_, std::nullopt)) {
    try {
      return open(&*from);
    } catch (const Exchange::Passing&) {
      throw;
    } catch (const Error& error) {
      // Whoever may write here need not be allowed to read there.
      if (error.code() != ExitCode::host) throw;
    }
  }
  return open(nullptr);
}

bool BlobUpload::open(const oci::Reference* from) {
  Question opening = question("POST", endpoint_.address(repository_, "blobs/uploads/"));
  if (from != nullptr) {
    opening.request.url = with_query(opening.request.url, "mount", blob_.digest.str());
    opening.request.url = with_query(opening.request.url, "from", endpoint_.repository(*from));
    opening.scopes.push_back(pull_scope(endpoint_, *from));
  }
  const Response response = state_.exchange.ask(opening);
  if (from != nullptr && response.status == 201) {
    check_taken(what_, response, blob_.digest);
    return false;
  }
  if (response.status != 202) state_.exchange.refuse(opening, response);
  if (!response.header("location"))
    throw Error(what_ + ": the registry does not say where to (no Location)");
  ++sessions_;
  offset_ = 0;
  follow(opening, response);
  if (const auto least = number(response.header("oci-chunk-min-length").value_or(""))) {
    least_piece_ = std::max(least_piece_, *least);
    piece_ = std::max(piece_, least_piece_);
  }
  return true;
}

bool BlobUpload::recover() {
  if (state_.has_blob(endpoint_, repository_, blob_, false)) return true;
  if (whole_tries_ >= max_whole_tries) in_pieces_ = true;
  if (!address_) return false;
  const Question asking = question("GET", *address_);
  const Response response = state_.exchange.ask(asking);
  const std::optional<std::uint64_t> size =
      response.ok() ? received(response) : std::optional<std::uint64_t>();
  if (!size || *size > blob_.size) {
    address_.reset();
    return false;
  }
  follow(asking, response);
  progress(*size);
  // What is there already need not be sent again.
  if (offset_ > 0) in_pieces_ = true;
  return false;
}

bool BlobUpload::send_whole() {
  ++whole_tries_;
  Question sending = question("PUT", with_query(*address_, "digest", blob_.digest.str()));
  sending.request.headers.emplace_back("Content-Type", "application/octet-stream");
  sending.request.body_file = file_;
  const Response response = state_.exchange.ask(sending);
  if (response.status == 201) {
    check_taken(what_, response, blob_.digest);
    return true;
  }
  if (response.status != 413 || blob_.size == 0) refused(sending, response);
  in_pieces_ = true;
  return false;
}

bool BlobUpload::send_pieces() {
  while (offset_ < blob_.size)
    if (!send_piece()) return false;
  finish();
  return true;
}

bool BlobUpload::send_piece() {
  const std::uint64_t size = std::min(piece_, blob_.size - offset_);
  Question sending = question("PATCH", *address_);
  sending.request.headers = {
      {"Content-Type", "application/octet-stream"},
      {"Content-Range", std::to_string(offset_) + "-" + std::to_string(offset_ + size - 1)}};
  sending.request.body_file = file_;
  sending.request.body_offset = offset_;
  sending.request.body_size = size;
  sending.request.own_connection = own_connections_;
  const Response response = [&] {
    try {
      return state_.exchange.ask(sending);
    } catch (const Exchange::Passing& passing) {
      if (passing.code() == ExitCode::host) cut();
      throw;
    }
  }();
  if (response.status == 413) {
    if (!smaller_pieces()) refused(sending, response);
    return false;
  }
  // Amazon's registry says 201.
  if (response.status != 202 && response.status != 201 && response.status != 204)
    refused(sending, response);
  const std::uint64_t expected = offset_ + size;
  const std::uint64_t now = received(response).value_or(expected);
  follow(sending, response);
  if (now > expected || now <= offset_) {
    address_.reset();
    throw Exchange::Passing(
        Error(what_ + ": the registry has " + std::to_string(now) + " bytes of it instead of " +
              std::to_string(expected) + "; try again later"),
        std::chrono::milliseconds(0), 3);
  }
  progress(now);
  return true;
}

void BlobUpload::finish() {
  std::error_code error;
  if (std::filesystem::file_size(file_, error) != blob_.size || error)
    throw Error(what_ + ": " + file_.string() + " has changed meanwhile");
  const Question closing = question("PUT", with_query(*address_, "digest", blob_.digest.str()));
  const Response response = state_.exchange.ask(closing);
  if (response.status != 201) refused(closing, response);
  check_taken(what_, response, blob_.digest);
}

Question BlobUpload::question(const std::string& method, const std::string& url) const {
  // Asked once: after a failure the session is looked at first.
  return {.what = what_,
          .endpoint = endpoint_,
          .scopes = {push_scope(endpoint_, repository_)},
          .request = {.method = method, .url = url},
          .repeatable = false};
}

void BlobUpload::follow(const Question& question, const Response& response) {
  const std::optional<std::string> location = response.header("location");
  if (!location) return;
  address_ = in_context(
      what_, [&] { return resolve_location(parse_url(question.request.url), *location).text; });
}

std::optional<std::uint64_t> BlobUpload::received(const Response& response) const {
  std::string range = response.header("range").value_or("");
  if (range.starts_with("bytes=")) range.erase(0, 6);
  const std::size_t dash = range.find('-');
  if (dash == std::string::npos || range.substr(0, dash) != "0") return std::nullopt;
  const auto last = number(std::string_view(range).substr(dash + 1));
  if (!last) return std::nullopt;
  // "0-0" is one byte, and what registries say of none.
  return *last == 0 && blob_.size != 1 ? 0 : *last + 1;
}

void BlobUpload::progress(std::uint64_t received) {
  offset_ = received;
  if (offset_ > furthest_) failures_ = 0;
  furthest_ = std::max(furthest_, offset_);
}

void BlobUpload::cut() {
  own_connections_ = true;
  smaller_pieces();
}

bool BlobUpload::smaller_pieces() {
  if (piece_ <= least_piece_) return false;
  piece_ = std::max(std::min(piece_, blob_.size) / 4, least_piece_);
  return true;
}

void BlobUpload::refused(const Question& question, const Response& response) {
  const bool over = response.status == 404 ||
                    says(response, {"BLOB_UPLOAD_INVALID", "DIGEST_INVALID", "SIZE_INVALID"});
  if (over) {
    address_.reset();
    cut();
  }
  // The session is asked how far it came.
  if (over || response.status == 416) state_.exchange.pass(question, response);
  state_.exchange.refuse(question, response);
}

}  // namespace rtfx::registry
