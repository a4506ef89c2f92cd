// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/reference.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::oci {

namespace {

constexpr std::string_view docker_hub = "docker.io";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_alphanumeric(char c) { return is_digit(c) || is_lower(c) || is_upper(c); }

bool all(std::string_view text, bool (*is)(char)) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is);
}

/// alpha-numeric [separator alpha-numeric]*, the separators being ".", "_", "__" and any number of "-".
bool is_path_component(std::string_view text) {
  std::size_t i = 0;
  while (true) {
    const std::size_t start = i;
    while (i < text.size() && (is_lower(text[i]) || is_digit(text[i]))) ++i;
    if (i == start) return false;
    if (i == text.size()) return true;
    const std::size_t separator = i;
    while (i < text.size() && text[i] == text[separator]) ++i;
    const std::size_t length = i - separator;
    const char c = text[separator];
    if (!((c == '.' && length == 1) || (c == '_' && length <= 2) || c == '-')) return false;
  }
}

/// A letter or digit at both ends, hyphens between.
bool is_domain_component(std::string_view text) {
  return !text.empty() && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_registry(std::string_view text) {
  std::string_view host = text;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    host = text.substr(1, end - 1);
    const bool address = !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
      return is_hex(c) || c == ':' || c == '.';
    });
    if (!address || host.find(':') == std::string_view::npos) return false;
    port = text.substr(end + 1);
    has_port = !port.empty();
    if (has_port && port.front() != ':') return false;
    if (has_port) port.remove_prefix(1);
  } else {
    const std::size_t colon = text.find(':');
    has_port = colon != std::string_view::npos;
    if (has_port) {
      host = text.substr(0, colon);
      port = text.substr(colon + 1);
    }
    for (const std::string& label : text::split(host, '.'))
      if (!is_domain_component(label)) return false;
  }
  return !has_port ||
         (all(port, is_digit) && port.size() <= 5 && std::stoul(std::string(port)) <= 65535);
}

bool is_tag(std::string_view text) {
  const auto word = [](char c) { return is_alphanumeric(c) || c == '_'; };
  return !text.empty() && text.size() <= 128 && word(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return word(c) || c == '.' || c == '-'; });
}

/// Whether the part before the first slash names a registry and not a folder of Docker Hub.
bool names_registry(std::string_view first) {
  return first == "localhost" || first.find_first_of(".:[") != std::string_view::npos ||
         std::any_of(first.begin(), first.end(), is_upper);
}

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw Error("\"" + text::one_line(text) + "\" is not the name of an image: " + why +
                  " (expected [REGISTRY/]REPOSITORY[:TAG][@sha256:DIGEST])",
              ExitCode::usage);
}

void split_repository(std::string_view text, std::string_view name, Reference& reference) {
  const std::size_t slash = name.find('/');
  std::string_view path = name;
  reference.registry = docker_hub;
  if (slash != std::string_view::npos && names_registry(name.substr(0, slash))) {
    reference.registry = std::string(name.substr(0, slash));
    path = name.substr(slash + 1);
    if (!is_registry(reference.registry))
      refuse(text, "\"" + text::one_line(reference.registry) + "\" is not HOST[:PORT]");
    if (reference.registry == "index.docker.io") reference.registry = docker_hub;
  }
  if (path.empty()) refuse(text, "it has no repository");
  for (const std::string& component : text::split(path, '/')) {
    if (component.empty()) refuse(text, "a part of the repository is empty");
    if (std::any_of(component.begin(), component.end(), is_upper))
      refuse(text, "repositories are in lower case");
    if (!is_path_component(component))
      refuse(text, "\"" + text::one_line(component) +
                       "\" is not letters and digits with single . _ or - between them");
  }
  const bool official =
      reference.registry == docker_hub && path.find('/') == std::string_view::npos;
  reference.repository = (official ? "library/" : "") + std::string(path);
  if (reference.name().size() > 255) refuse(text, "it has more than 255 characters");
}

}  // namespace

std::string expand_reference(const std::string& ref) {
  const auto slashes = std::count(ref.begin(), ref.end(), '/');
  if (slashes == 0) return "docker.io/library/" + ref;
  const std::string first = ref.substr(0, ref.find('/'));
  const bool host = first.find_first_of(".:") != std::string::npos || first == "localhost";
  return slashes == 1 && !host ? "docker.io/" + ref : ref;
}

std::string Reference::str() const {
  return name() + (tag.empty() ? "" : ":" + tag) + (digest ? "@" + digest->str() : "");
}

std::string Reference::familiar() const {
  const std::string full = str();
  for (const std::string_view prefix : {"docker.io/library/", "docker.io/"}) {
    // "docker.io/library/a/b" is not "a/b".
    const bool nested =
        prefix == "docker.io/library/" && repository.find('/', 8) != std::string::npos;
    if (full.starts_with(prefix) && !nested) return full.substr(prefix.size());
  }
  return full;
}

Reference Reference::with_tag(const std::string& other) const {
  if (!is_tag(other))
    throw Error(
        "\"" + text::one_line(other) +
            "\" is not a tag: letters, digits, _ . and -, at most 128, not starting with . or -",
        ExitCode::usage);
  return {registry, repository, other, std::nullopt};
}

Reference Reference::with_digest(const Digest& other) const {
  return {registry, repository, "", other};
}

Reference parse_reference(std::string_view text) {
  if (text.empty()) throw Error("the name of an image is empty", ExitCode::usage);
  if (text.find("://") != std::string_view::npos)
    refuse(text.substr(0, text.find("://") + 3), "a name has no such beginning");
  Reference reference;
  std::string_view name = text;
  const std::size_t at = name.find('@');
  if (at != std::string_view::npos) {
    try {
      reference.digest = Digest::parse(name.substr(at + 1));
    } catch (const Error&) {
      // Only that part is shown: what stands before it may be USER:PASSWORD.
      refuse(name.substr(at), "what follows the @ is not sha256: and 64 hexadecimal digits");
    }
    name = name.substr(0, at);
  }
  const std::size_t slash = name.rfind('/');
  const std::size_t colon = name.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon != std::string_view::npos) {
    reference.tag = std::string(name.substr(colon + 1));
    if (!is_tag(reference.tag))
      refuse(text,
             "the tag \"" + text::one_line(reference.tag) +
                 "\" is not letters, digits, _ . and -, at most 128, not starting with . or -");
    name = name.substr(0, colon);
  }
  split_repository(text, name, reference);
  if (reference.tag.empty() && !reference.digest) reference.tag = "latest";
  return reference;
}

}  // namespace rtfx::oci
