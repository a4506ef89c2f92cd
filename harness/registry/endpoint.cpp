// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/endpoint.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/registry/url.hpp"

namespace rtfx::registry {

namespace {

constexpr const char* expected = "; expected [REGISTRY=]http(s)://HOST[:PORT][/PATH]";

std::string host_of(const std::string& registry) { return parse_url("http://" + registry).host; }

/// "http://mirror.example.org:80/a" -> "mirror.example.org:80".
std::string authority_of(const std::string& url) {
  const std::size_t start = url.find("://") + 3;
  return url.substr(start, url.find('/', start) - start);
}

Endpoint direct(const std::string& registry) {
  const std::string host = registry == "docker.io" ? "registry-1.docker.io" : registry;
  const char* scheme = is_loopback(host_of(registry)) ? "http://" : "https://";
  return {.url = scheme + host, .registry = registry, .name = registry};
}

Endpoint mirrored(const std::string& registry, const std::string& mirror) {
  const std::string authority = authority_of(mirror);
  const std::size_t slash = mirror.find('/', mirror.find("://") + 3);
  const std::string path = slash == std::string::npos ? "" : mirror.substr(slash + 1) + "/";
  return {.url = mirror.substr(0, slash),
          .path = path,
          .registry = authority,
          .name = authority == registry ? registry : registry + " (mirror " + mirror + ")"};
}

}  // namespace

std::string Endpoint::repository(const oci::Reference& reference) const {
  return path + reference.repository;
}

std::string Endpoint::address(const oci::Reference& reference, const std::string& rest) const {
  return url + "/v2/" + repository(reference) + "/" + rest;
}

Endpoints::Endpoints(const RegistryOptions& options) {
  for (const std::string& text : options.mirrors) {
    const std::size_t scheme = text.find("://");
    const std::size_t equals = text.find('=');
    const bool named = equals != std::string::npos && equals < scheme;
    std::string registry = named ? text.substr(0, equals) : "";
    std::string url = named ? text.substr(equals + 1) : text;
    const bool known = url.starts_with("http://") || url.starts_with("https://");
    if (!known)
      throw Error("--mirror \"" + text::one_line(text) + "\"" + expected, ExitCode::usage);
    // An address with a password is not shown.
    if (url.find('@') != std::string::npos)
      throw Error("--mirror: an address holds no user or password; log in with docker login",
                  ExitCode::usage);
    while (url.ends_with('/')) url.pop_back();
    try {
      parse_url(url);
      if (!registry.empty()) host_of(registry);
    } catch (const Error&) {
      throw Error("--mirror \"" + text::one_line(text) + "\"" + expected, ExitCode::usage);
    }
    if (named && registry.empty())
      throw Error("--mirror \"" + text::one_line(text) + "\"" + expected, ExitCode::usage);
    if (registry == "index.docker.io" || registry == "registry-1.docker.io") registry = "docker.io";
    mirrors_[registry] = url;
  }
}

Endpoint Endpoints::to_read(const std::string& registry) const {
  for (const std::string& key : {registry, std::string()}) {
    const auto it = mirrors_.find(key);
    if (it != mirrors_.end()) return mirrored(registry, it->second);
  }
  return direct(registry);
}

Endpoint Endpoints::to_write(const std::string& registry) const {
  // "reg:5000=http://reg:5000" is no mirror but says how the registry is spoken to.
  const auto it = mirrors_.find(registry);
  const bool itself = it != mirrors_.end() && authority_of(it->second) == registry;
  return itself ? mirrored(registry, it->second) : direct(registry);
}

}  // namespace rtfx::registry
