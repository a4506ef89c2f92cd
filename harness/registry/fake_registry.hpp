// SPDX-License-Identifier: Apache-2.0
//
// For unit tests: a registry that is a few maps behind the Http seam, and can be told to misbehave.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "harness/registry/registry.hpp"
#include "harness/registry/url.hpp"

namespace rtfx::registry {

/// What a FakeRegistry holds, shared between the clients of several "hosts".
struct RegistryContent {
  std::map<std::string, std::string> blobs;    ///< "repository@digest" -> bytes
  std::map<std::string, Document> manifests;   ///< "repository:tag", "repository@digest"
  std::map<std::string, std::string> uploads;  ///< what came so far, by the number of the session
  unsigned sessions = 0;                       ///< of uploads, opened so far
  bool referrers_api = false;
  std::size_t page = 1000;  ///< entries of a list in one answer
  enum class Deletes { nothing, digests, tags } deletes = Deletes::nothing;
};

class FakeRegistry final : public Http {
 public:
  explicit FakeRegistry(
      std::shared_ptr<RegistryContent> content = std::make_shared<RegistryContent>())
      : content(std::move(content)) {}

  std::shared_ptr<RegistryContent> content;
  /// Asked first; an answer replaces that of the registry. Called by one thread at a time.
  std::function<std::optional<Response>(const Request&)> instead;
  std::vector<Request> requests;  ///< in the order of coming
  /// For several that share their content and are used by threads.
  std::shared_ptr<std::mutex> serialise;

  /// "GET /v2/x/manifests/1", in the order of coming.
  std::vector<std::string> lines() const {
    std::vector<std::string> result;
    for (const Request& request : requests)
      result.push_back(request.method + " " + path_of(request.url));
    return result;
  }
  std::size_t count(const std::string& start) const {
    std::size_t n = 0;
    for (const std::string& line : lines()) n += line.starts_with(start) ? 1 : 0;
    return n;
  }

  Response send(const Request& request, std::stop_token stop) override {
    if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
    Response response;
    {
      const std::lock_guard lock(serialise ? *serialise : mutex_);
      requests.push_back(request);
      std::optional<Response> other = instead ? instead(request) : std::nullopt;
      response = other ? std::move(*other) : answer(request);
    }
    if (request.method == "HEAD") response.body.clear();
    if (request.sink && response.ok()) request.sink(std::exchange(response.body, ""));
    return response;
  }

  static std::string header_of(const Request& request, const std::string& name) {
    for (const auto& [key, value] : request.headers) {
      if (key == name) return value;
    }
    return "";
  }
  static std::string body_of(const Request& request) {
    if (request.body_file.empty()) return request.body;
    return read_file(request.body_file)
        .substr(request.body_offset, request.body_size.value_or(std::string::npos));
  }
  static std::string path_of(const std::string& url) { return url.substr(url.find('/', 8)); }

 private:
  Response answer(const Request& request) {
    std::string path = path_of(request.url);
    const std::string query =
        path.find('?') == std::string::npos ? "" : path.substr(path.find('?') + 1);
    path = path.substr(4, path.find('?') - 4);  // without "/v2/"
    for (const std::string kind : {"/manifests/", "/blobs/", "/referrers/", "/tags/"}) {
      const std::size_t at = path.find(kind);
      if (at == std::string::npos) continue;
      const std::string repository = path.substr(0, at);
      const std::string which = path.substr(at + kind.size());
      if (kind == "/manifests/") return manifest(request, repository, which);
      if (kind == "/blobs/") return blob(request, repository, which, query);
      if (kind == "/tags/") return tags(repository, query);
      if (content->referrers_api) return referrers(repository, which, query);
    }
    return {404, {}, "404 page not found"};
  }

  Response manifest(const Request& request, const std::string& repository,
                    const std::string& which) {
    const std::string key = repository + (which.starts_with("sha256:") ? "@" : ":") + which;
    if (request.method == "PUT") {
      const Digest digest = Digest::of(request.body);
      const Document document{
          {header_of(request, "Content-Type"), digest, request.body.size(), std::nullopt, {}},
          request.body};
      content->manifests.insert_or_assign(key, document);
      content->manifests.insert_or_assign(repository + "@" + digest.str(), document);
      Response response{201, {{"docker-content-digest", digest.str()}}, ""};
      const std::string subject = subject_of(document.bytes);
      if (content->referrers_api && !subject.empty())
        response.headers.emplace_back("oci-subject", subject);
      return response;
    }
    const auto it = content->manifests.find(key);
    if (it == content->manifests.end())
      return {404, {}, R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]})"};
    if (request.method == "DELETE") return remove(repository, which, it);
    return {200,
            {{"content-type", it->second.descriptor.media_type},
             {"docker-content-digest", it->second.descriptor.digest.str()},
             {"content-length", std::to_string(it->second.bytes.size())}},
            it->second.bytes};
  }

  using Manifests = std::map<std::string, Document>;
  Response remove(const std::string& repository, const std::string& which, Manifests::iterator it) {
    const bool by_digest = which.starts_with("sha256:");
    if (content->deletes == RegistryContent::Deletes::nothing)
      return {405, {}, R"({"errors":[{"code":"UNSUPPORTED","message":"unsupported"}]})"};
    if (!by_digest && content->deletes == RegistryContent::Deletes::digests)
      return {400, {}, R"({"errors":[{"code":"DIGEST_INVALID","message":"no digest"}]})"};
    if (!by_digest) {
      content->manifests.erase(it);
    } else {
      const Digest digest = it->second.descriptor.digest;
      std::erase_if(content->manifests, [&](const auto& entry) {
        return entry.first.starts_with(repository) && entry.second.descriptor.digest == digest;
      });
    }
    return {202, {}, ""};
  }

  /// A part of the list, and where the next one is.
  Response listed(const std::vector<std::string>& all, const std::string& query,
                  const std::string& here, const std::string& before, const char* type) const {
    const std::size_t at = query.find("from=");
    const std::size_t from = at == std::string::npos ? 0 : std::stoul(query.substr(at + 5));
    std::string text;
    for (std::size_t i = from; i < std::min(all.size(), from + content->page); ++i)
      text += (text.empty() ? "" : ",") + all[i];
    Response response{200, {{"content-type", type}}, before + "[" + text + "]}"};
    if (from + content->page < all.size())
      response.headers.emplace_back(
          "link", "<" + here + "?from=" + std::to_string(from + content->page) + ">; rel=\"next\"");
    return response;
  }

  Response tags(const std::string& repository, const std::string& query) const {
    std::vector<std::string> all;
    for (const auto& [key, document] : content->manifests)
      if (key.starts_with(repository + ":"))
        all.push_back("\"" + key.substr(repository.size() + 1) + "\"");
    return listed(all, query, "/v2/" + repository + "/tags/list", R"({"name":"x","tags":)",
                  "application/json");
  }

  Response referrers(const std::string& repository, const std::string& subject,
                     const std::string& query) const {
    std::vector<std::string> all;
    for (const auto& [key, document] : content->manifests) {
      if (!key.starts_with(repository + "@") || subject_of(document.bytes) != subject) continue;
      all.push_back(R"({"mediaType":")" + document.descriptor.media_type + R"(","digest":")" +
                    document.descriptor.digest.str() + R"(","size":)" +
                    std::to_string(document.descriptor.size) + R"(,"artifactType":")" +
                    member(document.bytes, "artifactType") + "\"}");
    }
    return listed(
        all, query, "/v2/" + repository + "/referrers/" + subject,
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":)",
        "application/vnd.oci.image.index.v1+json");
  }

  /// The value of the first member of that name: enough for what tests put in.
  static std::string member(const std::string& json, const std::string& name) {
    const std::string start = "\"" + name + "\":\"";
    const std::size_t at = json.find(start);
    if (at == std::string::npos) return "";
    const std::size_t from = at + start.size();
    return json.substr(from, json.find('"', from) - from);
  }
  static std::string subject_of(const std::string& json) {
    const std::size_t at = json.find("\"subject\"");
    return at == std::string::npos ? "" : member(json.substr(at), "digest");
  }

  Response blob(const Request& request, const std::string& repository, const std::string& which,
                const std::string& query) {
    if (request.method == "POST") return open(repository, query);
    if (which.starts_with("uploads/")) return upload(request, repository, which.substr(8), query);
    const auto it = content->blobs.find(repository + "@" + which);
    if (it == content->blobs.end())
      return {404, {}, R"({"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown"}]})"};
    return {200, {{"content-length", std::to_string(it->second.size())}}, it->second};
  }

  Response open(const std::string& repository, const std::string& query) {
    const std::size_t from = query.find("&from=");
    if (query.starts_with("mount=") && from != std::string::npos) {
      std::string digest = query.substr(6, from - 6), source = query.substr(from + 6);
      for (auto* text : {&digest, &source}) unescape(*text);
      const auto it = content->blobs.find(source + "@" + digest);
      if (it != content->blobs.end()) {
        const std::string bytes = it->second;
        content->blobs[repository + "@" + digest] = bytes;
        return {201, {}, ""};
      }
    }
    const std::string session = std::to_string(++content->sessions);
    content->uploads[session] = "";
    return {202, {{"location", location(repository, session)}}, ""};
  }

  /// Relative, with a query of its own, as some registries do it.
  static std::string location(const std::string& repository, const std::string& session) {
    return "/v2/" + repository + "/blobs/uploads/" + session + "?state=a%2Fb";
  }

  Response upload(const Request& request, const std::string& repository, const std::string& session,
                  const std::string& query) {
    const auto it = content->uploads.find(session);
    if (it == content->uploads.end())
      return {404, {}, R"({"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"no session"}]})"};
    std::string& so_far = it->second;
    const auto status = [&](int code) {
      const std::string last = std::to_string(so_far.empty() ? 0 : so_far.size() - 1);
      return Response{
          code, {{"location", location(repository, session)}, {"range", "0-" + last}}, ""};
    };
    if (request.method == "GET") return status(204);
    const std::string bytes = body_of(request);
    if (request.method == "PATCH") {
      const std::string range = header_of(request, "Content-Range");
      if (range !=
          std::to_string(so_far.size()) + "-" + std::to_string(so_far.size() + bytes.size() - 1))
        return status(416);
      so_far += bytes;
      return status(202);
    }
    so_far += bytes;
    const std::string digest = Digest::of(so_far).str();
    if (query != "state=a%2Fb&digest=" + percent_encoded(digest))
      return {400, {}, R"({"errors":[{"code":"DIGEST_INVALID","message":"other bytes"}]})"};
    content->blobs[repository + "@" + digest] = so_far;
    content->uploads.erase(it);
    return {201, {{"docker-content-digest", digest}}, ""};
  }

  static void unescape(std::string& text) {
    for (const auto& [from, to] : {std::pair{"%3A", ":"}, std::pair{"%2F", "/"}}) {
      for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;)
        text.replace(at, 3, to);
    }
  }

  std::mutex mutex_;
};

/// A client of it that does not wait, with a docker configuration of its own.
struct TestClient {
  explicit TestClient(
      std::shared_ptr<RegistryContent> content = std::make_shared<RegistryContent>(),
      RegistryOptions options = {}, std::stop_token stop = {}) {
    if (options.docker_config.empty()) {
      write_file_atomically(directory.path() / "config.json", "{}");
      options.docker_config = directory.path() / "config.json";
    }
    auto http = std::make_unique<FakeRegistry>(std::move(content));
    registry = http.get();
    const auto wait = [this](std::chrono::milliseconds time, const std::stop_token&) {
      const std::lock_guard lock(mutex);
      waits.push_back(time);
      if (while_waiting) while_waiting();
    };
    client = std::make_unique<Client>(std::move(http), wait, options, std::move(stop));
  }

  Client* operator->() const { return client.get(); }
  Client& operator*() const { return *client; }

  TemporaryDirectory directory;
  FakeRegistry* registry = nullptr;
  std::recursive_mutex mutex;  ///< threads of the client may wait at once
  std::vector<std::chrono::milliseconds> waits;
  std::function<void()> while_waiting;
  std::unique_ptr<Client> client;
};

/// Puts images into a store: one layer, and a configuration for the arch.
struct TestImages {
  explicit TestImages(oci::Store& store) : store(store) {}

  oci::Descriptor image(const std::string& arch, const std::string& content) {
    const oci::Descriptor layer =
        store.put("layer of " + content, "application/vnd.oci.image.layer.v1.tar");
    const oci::Descriptor config =
        store.put(R"({"architecture":")" + arch +
                      R"(","os":"linux","rootfs":{"type":"layers","diff_ids":[]}})",
                  "application/vnd.oci.image.config.v1+json");
    const auto json = [](const oci::Descriptor& d) {
      return R"({"mediaType":")" + d.media_type + R"(","digest":")" + d.digest.str() +
             R"(","size":)" + std::to_string(d.size) + "}";
    };
    oci::Descriptor manifest = store.put(
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" +
            json(config) + R"(,"layers":[)" + json(layer) + "]}",
        oci::media_type_manifest);
    manifest.platform = oci::Platform{"linux", arch, ""};
    return manifest;
  }
  /// What BuildKit tells about an image.
  oci::Descriptor attestation(const oci::Descriptor& of, const std::string& content) {
    oci::Descriptor result = image("unknown", content);
    result.platform = oci::Platform{"unknown", "unknown", ""};
    result.annotations = {{"vnd.docker.reference.type", "attestation-manifest"},
                          {"vnd.docker.reference.digest", of.digest.str()}};
    return result;
  }

  oci::Store& store;
};

}  // namespace rtfx::registry
