// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/exchange.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "base/text.hpp"

namespace rtfx::registry {

namespace {

using namespace std::chrono_literals;

constexpr unsigned max_redirects = 5;
constexpr unsigned max_tries_again = 3;
constexpr std::chrono::milliseconds longest_pause = 2min;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

const char* reason(int status) {
  static constexpr std::pair<int, const char*> reasons[] = {
      {400, "Bad Request"},         {401, "Unauthorized"},           {403, "Forbidden"},
      {404, "Not Found"},           {405, "Method Not Allowed"},     {408, "Request Timeout"},
      {413, "Content Too Large"},   {415, "Unsupported Media Type"}, {416, "Range Not Satisfiable"},
      {429, "Too Many Requests"},   {500, "Internal Server Error"},  {502, "Bad Gateway"},
      {503, "Service Unavailable"}, {504, "Gateway Timeout"}};
  const auto* it = std::find_if(std::begin(reasons), std::end(reasons),
                                [&](const auto& row) { return row.first == status; });
  return it == std::end(reasons) ? "" : it->second;
}

/// What a person can do about an answer.
std::string advice(int status) {
  if (status == 401) return "; log in with docker login, or give --registry-creds";
  if (status == 403) return "; the login may not do this, or the registry does not allow it";
  if (status == 429) return "; it wants fewer requests: try again later, or log in";
  if (is_passing(status)) return "; try again later";
  if (is_redirect(status)) return "; such a redirect is not followed";
  return "";
}

std::string advice(TransportError::Kind kind, const Endpoint& endpoint) {
  using Kind = TransportError::Kind;
  switch (kind) {
    case Kind::unresolved:
      return "; is the name right, and is there a network?";
    case Kind::refused:
      return "; is it running, and is the address right?";
    case Kind::tls:
      return "; trust its authority with --cert-file FILE, or for a registry without TLS give "
             "--mirror " +
             endpoint.registry + "=http://" + endpoint.registry;
    case Kind::timed_out:
    case Kind::broken:
      return "; try again later";
    case Kind::other:
      return "; is it a registry?";
  }
  return "";
}

unsigned tries_worth(TransportError::Kind kind) {
  using Kind = TransportError::Kind;
  switch (kind) {
    case Kind::unresolved:
    case Kind::timed_out:
      return 1;
    case Kind::refused:
      return 2;
    case Kind::broken:
      return max_tries_again;
    case Kind::tls:
    case Kind::other:
      return 0;
  }
  return 0;
}

/// 1, 4 and 16 times the first one, and up to a quarter more, so that many that failed at once do not come back at once.
std::chrono::milliseconds usual_pause(std::chrono::milliseconds first, unsigned tries) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const std::chrono::milliseconds pause = first * (1U << (2 * std::min(tries, 2U)));
  return pause + pause * (random() % 1000) / 4000;
}

nlohmann::json errors_of(const Response& response) {
  const auto json = nlohmann::json::parse(response.body, nullptr, false);
  if (!json.is_object() || !json.contains("errors") || !json["errors"].is_array())
    return nlohmann::json::array();
  return json["errors"];
}

std::string string_at(const nlohmann::json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string()
             ? object[key].get<std::string>()
             : "";
}

}  // namespace

std::vector<std::string> error_codes(const Response& response) {
  std::vector<std::string> result;
  for (const auto& error : errors_of(response)) {
    if (const std::string code = string_at(error, "code"); !code.empty()) result.push_back(code);
  }
  return result;
}

std::string describe(const Response& response) {
  std::string result = std::to_string(response.status);
  if (const char* text = reason(response.status); *text != '\0') result += std::string(" ") + text;
  std::string details;
  for (const auto& error : errors_of(response)) {
    const std::string code = string_at(error, "code");
    const std::string message = string_at(error, "message");
    details += (details.empty() ? "" : ", ") + code + (code.empty() ? "" : " ") + message;
  }
  if (details.size() > 300) details.resize(300);
  return result + (details.empty() ? "" : ": " + text::flattened(details));
}

bool is_absent(const Response& response) {
  if (response.status != 404) return false;
  const std::vector<std::string> codes = error_codes(response);
  return std::all_of(codes.begin(), codes.end(), [](const std::string& code) {
    return code.ends_with("_UNKNOWN") || code == "NOT_FOUND";
  });
}

Exchange::Exchange(Http& http, Credentials& credentials, Wait wait, std::stop_token stop,
                   std::chrono::milliseconds first_pause)
    : http_(http),
      tokens_(http, credentials, stop),
      wait_(std::move(wait)),
      stop_(std::move(stop)),
      first_pause_(first_pause) {}

void Exchange::refuse(const Question& question, const Response& response) const {
  const bool no_right = response.status == 401 || response.status == 403;
  const Error error(question.what + ": " + describe(response) + advice(response.status),
                    no_right ? ExitCode::host : ExitCode::failed);
  if (is_passing(response.status)) throw Passing(error, retry_after(response), max_tries_again);
  throw error;
}

void Exchange::pass(const Question& question, const Response& response) const {
  throw Passing(Error(question.what + ": " + describe(response) + "; try again later"),
                retry_after(response), max_tries_again);
}

bool Exchange::pause(const Passing& passing, unsigned tries) const {
  const std::chrono::milliseconds wanted =
      std::max(passing.after(), usual_pause(first_pause_, tries));
  if (tries >= passing.worth() || wanted > longest_pause) return false;
  wait_(wanted, stop_);
  if (stop_.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
  return true;
}

Response Exchange::ask(const Question& question) {
  const auto attempt = [&] {
    if (question.restart) question.restart();
    Response response = once(question);
    if (is_passing(response.status)) refuse(question, response);
    return response;
  };
  return question.repeatable ? patiently(attempt) : attempt();
}

Response Exchange::once(const Question& question) {
  try {
    Answer proof{tokens_.known(question.endpoint, question.scopes), false};
    for (unsigned fresh = 0; true; fresh += proof.fresh ? 1 : 0) {
      Response response = send(question, question.request, proof.authorization);
      if (response.status != 401) {
        tokens_.has_served(question.endpoint, question.scopes, proof.authorization);
        return response;
      }
      // What another thread has got may have expired already. What was got for this is refused for good, unless it
      // was of use to another thread: then it ran out in between, which may happen once.
      const bool ran_out =
          fresh < 2 && tokens_.has_run_out(question.endpoint, question.scopes, proof.authorization);
      if (proof.fresh && !ran_out) refuse(question, response);
      proof = tokens_.answer(question.endpoint, question.scopes, proof.authorization, response);
      if (question.restart) question.restart();
    }
  } catch (const TransportError& error) {
    throw Passing(
        Error(question.what + ": " + error.what() + advice(error.kind(), question.endpoint),
              ExitCode::host),
        error.after(), tries_worth(error.kind()));
  } catch (const Passing&) {
    throw;
  } catch (const Error& error) {
    if (std::string_view(error.what()).starts_with(question.what)) throw;
    throw error.with_context(question.what);
  }
}

Response Exchange::send(const Question& question, Request request,
                        const std::string& authorization) {
  const std::string registry = parse_url(question.endpoint.url).origin();
  const Headers headers = request.headers;
  for (unsigned hops = 0; hops <= max_redirects; ++hops) {
    const Url url = parse_url(request.url);
    request.headers = headers;
    // Credentials are for the registry alone, wherever it sends us (OCI distribution-spec, "Redirects").
    if (!authorization.empty() && url.origin() == registry)
      request.headers.emplace_back("Authorization", authorization);
    Response response = http_.send(request, stop_);
    const std::optional<std::string> location = response.header("location");
    const bool safe = request.method == "GET" || request.method == "HEAD" ||
                      response.status == 307 || response.status == 308;
    if (!is_redirect(response.status) || !location || !safe) {
      if (response.status == 401 && url.origin() != registry)
        throw Error("401 Unauthorized from " + url.origin() + ", where the registry sent us");
      return response;
    }
    const Url next = resolve_location(url, *location);
    if (url.scheme == "https" && next.scheme == "http")
      throw Error("it redirects from https to plain http, which is not followed");
    request.url = next.text;
  }
  throw Error("more than " + std::to_string(max_redirects) + " redirects");
}

}  // namespace rtfx::registry
