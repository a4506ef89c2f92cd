// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/url.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::registry {

namespace {

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

[[noreturn]] void refuse(const std::string& text) {
  throw Error("\"" + text::one_line(text.substr(0, 200)) + "\" is not an http or https address");
}

std::string part(CURLU* handle, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(handle, which, &text, flags) != CURLUE_OK) return "";
  std::string result = text;
  curl_free(text);
  return result;
}

Url to_url(CURLU* handle, const std::string& given) {
  for (const CURLUPart unwanted : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_FRAGMENT})
    curl_url_set(handle, unwanted, nullptr, 0);
  Url url{part(handle, CURLUPART_SCHEME), part(handle, CURLUPART_HOST),
          part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT), part(handle, CURLUPART_URL)};
  if ((url.scheme != "http" && url.scheme != "https") || url.host.empty()) refuse(given);
  std::transform(url.host.begin(), url.host.end(), url.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (url.host.front() == '[') url.host = url.host.substr(1, url.host.size() - 2);
  return url;
}

}  // namespace

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host.ends_with(".localhost") || host == "::1") return true;
  const auto address = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
  return host.starts_with("127.") && std::all_of(host.begin(), host.end(), address);
}

bool Url::is_loopback() const { return registry::is_loopback(host); }

Url parse_url(const std::string& text) {
  const Handle handle(curl_url(), &curl_url_cleanup);
  if (curl_url_set(handle.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) refuse(text);
  return to_url(handle.get(), text);
}

Url resolve_location(const Url& base, const std::string& location) {
  const Handle handle(curl_url(), &curl_url_cleanup);
  // Setting an address where there is one already takes a relative one as relative to it.
  if (curl_url_set(handle.get(), CURLUPART_URL, base.text.c_str(), 0) != CURLUE_OK ||
      curl_url_set(handle.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK)
    refuse(location);
  return to_url(handle.get(), location);
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain)
      result += c;
    else
      result.append({'%', hex[byte >> 4U], hex[byte & 15U]});
  }
  return result;
}

std::string with_query(const std::string& url, std::string_view name, std::string_view value) {
  const char separator = url.find('?') == std::string::npos ? '?' : '&';
  return url + separator + percent_encoded(name) + "=" + percent_encoded(value);
}

}  // namespace rtfx::registry
