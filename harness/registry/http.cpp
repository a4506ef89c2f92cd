// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/http.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <ctime>

namespace rtfx::registry {

std::optional<std::string> Response::header(std::string_view name) const {
  const auto it = std::find_if(headers.begin(), headers.end(),
                               [&](const auto& header) { return header.first == name; });
  return it == headers.end() ? std::nullopt : std::optional(it->second);
}

bool is_passing(int status) {
  // 499 and 520 to 529 are what proxies say of a registry that does not answer them.
  static constexpr int statuses[] = {408, 429, 499, 500, 502, 503, 504,
                                     520, 521, 522, 523, 524, 529};
  return std::find(std::begin(statuses), std::end(statuses), status) != std::end(statuses);
}

std::chrono::milliseconds retry_after(const Response& response) {
  const std::string text = response.header("retry-after").value_or("");
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc() && end == text.data() + text.size())
    return std::chrono::seconds(std::min(seconds, 1U << 20U));
  const std::time_t then = curl_getdate(text.c_str(), nullptr);
  const std::time_t now = std::time(nullptr);
  return std::chrono::seconds(then > now ? std::min<std::time_t>(then - now, 1 << 20) : 0);
}

}  // namespace rtfx::registry
