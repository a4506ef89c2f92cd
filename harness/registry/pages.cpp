// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/pages.hpp"

#include <optional>

namespace rtfx::registry {

namespace {

constexpr unsigned max_pages = 1000;

/// <address>; rel="next"
std::optional<std::string> next_page(const Response& response, const std::string& url) {
  for (const auto& [name, value] : response.headers) {
    const std::size_t start = value.find('<'), end = value.find('>');
    if (name != "link" || start == std::string::npos || end == std::string::npos || end < start)
      continue;
    const std::string parameters = value.substr(end);
    if (parameters.find("rel=\"next\"") == std::string::npos &&
        parameters.find("rel=next") == std::string::npos)
      continue;
    const Url here = parse_url(url);
    const Url next = resolve_location(here, value.substr(start + 1, end - start - 1));
    if (next.origin() != here.origin())
      throw Error("the next page of the list is at " + next.origin() + ", which is not followed");
    return next.text;
  }
  return std::nullopt;
}

}  // namespace

void for_each_page(Exchange& exchange, Question question,
                   const std::function<bool(const Question&, const Response&)>& take) {
  for (unsigned pages = 0; pages < max_pages; ++pages) {
    const Response response = exchange.ask(question);
    if (!take(question, response)) return;
    const auto next =
        in_context(question.what, [&] { return next_page(response, question.request.url); });
    if (!next) return;
    question.request.url = *next;
  }
  throw Error(question.what + ": the list has more than " + std::to_string(max_pages) + " pages");
}

}  // namespace rtfx::registry
