// SPDX-License-Identifier: Apache-2.0
//
// For unit tests: a registry that is a few maps behind the Http seam, and can be told to misbehave.
#pragma once

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
  std::map<std::string, std::string> blobs;   ///< "repository@digest" -> bytes
  std::map<std::string, Document> manifests;  ///< "repository:tag", "repository@digest"
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
  static std::string path_of(const std::string& url) { return url.substr(url.find('/', 8)); }

 private:
  Response answer(const Request& request) {
    std::string path = path_of(request.url);
    const std::string query =
        path.find('?') == std::string::npos ? "" : path.substr(path.find('?') + 1);
    path = path.substr(4, path.find('?') - 4);  // without "/v2/"
    for (const char* kind : {"/manifests/", "/blobs/"}) {
      const std::size_t at = path.find(kind);
      if (at == std::string::npos) continue;
      const std::string repository = path.substr(0, at);
      const std::string which = path.substr(at + std::string(kind).size());
      return std::string(kind) == "/manifests/" ? manifest(request, repository, which)
                                                : blob(request, repository, which, query);
    }
    return {404, {}, ""};
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
      return {201, {{"docker-content-digest", digest.str()}}, ""};
    }
    const auto it = content->manifests.find(key);
    if (it == content->manifests.end())
      return {404, {}, R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]})"};
    return {200,
            {{"content-type", it->second.descriptor.media_type},
             {"docker-content-digest", it->second.descriptor.digest.str()},
             {"content-length", std::to_string(it->second.bytes.size())}},
            it->second.bytes};
  }

  Response blob(const Request& request, const std::string& repository, const std::string& which,
                const std::string& query) {
    if (request.method == "POST") {
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
      // Relative, with a query of its own, as some registries do it.
      return {202, {{"location", "/v2/" + repository + "/blobs/uploads/1?state=a%2Fb"}}, ""};
    }
    if (request.method == "PUT") {
      const std::string bytes =
          request.body_file.empty() ? request.body : read_file(request.body_file);
      const std::string digest = Digest::of(bytes).str();
      if (query != "state=a%2Fb&digest=" + percent_encoded(digest)) return {400, {}, ""};
      content->blobs[repository + "@" + digest] = bytes;
      return {201, {{"docker-content-digest", digest}}, ""};
    }
    const auto it = content->blobs.find(repository + "@" + which);
    if (it == content->blobs.end())
      return {404, {}, R"({"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown"}]})"};
    return {200, {}, it->second};
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
      waits.push_back(time);
      if (while_waiting) while_waiting();
    };
    client = std::make_unique<Client>(std::move(http), wait, options, std::move(stop));
  }

  Client* operator->() const { return client.get(); }
  Client& operator*() const { return *client; }

  TemporaryDirectory directory;
  FakeRegistry* registry = nullptr;
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
