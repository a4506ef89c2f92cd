// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/tokens.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/registry/url.hpp"

namespace rtfx::registry {

namespace {

std::string parameter(const Challenge& challenge, const char* name) {
  const auto it = challenge.parameters.find(name);
  return it == challenge.parameters.end() ? "" : it->second;
}

/// Ours, and those of the challenge that are for something else.
std::vector<std::string> all_scopes(const std::vector<std::string>& ours,
                                    const Challenge& challenge) {
  std::vector<std::string> result = ours;
  for (const std::string& scope : text::split_list(parameter(challenge, "scope"), ' ')) {
    const std::string subject = scope.substr(0, scope.rfind(':') + 1);
    const bool covered = std::any_of(
        ours.begin(), ours.end(), [&](const std::string& own) { return own.starts_with(subject); });
    if (!covered) result.push_back(scope);
  }
  return result;
}

Request token_request(const std::string& realm, const Challenge& challenge,
                      const std::vector<std::string>& scopes,
                      const std::optional<Credential>& credential) {
  const std::string service = parameter(challenge, "service");
  Request request;
  if (credential && !credential->identity_token.empty()) {
    request.method = "POST";
    request.url = realm;
    request.body = "grant_type=refresh_token&client_id=rtfx&service=" + percent_encoded(service) +
                   "&refresh_token=" + percent_encoded(credential->identity_token);
    if (!scopes.empty()) request.body += "&scope=" + percent_encoded(text::join(scopes, " "));
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    return request;
  }
  request.url = realm;
  if (!service.empty()) request.url = with_query(request.url, "service", service);
  for (const std::string& scope : scopes) request.url = with_query(request.url, "scope", scope);
  if (credential)
    request.headers.emplace_back("Authorization",
                                 "Basic " + base64(credential->user + ":" + credential->password));
  return request;
}

std::string parse_token(const Response& response) {
  const auto json = nlohmann::json::parse(response.body, nullptr, false);
  for (const char* key : {"token", "access_token"}) {
    if (!json.is_object() || !json.contains(key) || !json[key].is_string()) continue;
    const std::string token = json[key].get<std::string>();
    const bool plain =
        std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
    if (!token.empty() && plain) return token;
  }
  throw Error("the answer holds no token");
}

std::string log_in_hint(const Endpoint& endpoint, const std::optional<Credential>& credential) {
  if (credential) return "the login from " + credential->source + " is not accepted";
  return "log in with \"docker login" +
         (endpoint.registry == "docker.io" ? "" : " " + endpoint.registry) +
         "\", or give --registry-creds";
}

}  // namespace

Tokens::Tokens(Http& http, Credentials& credentials, std::stop_token stop)
    : http_(http), credentials_(credentials), stop_(std::move(stop)) {}

Tokens::Entry& Tokens::entry(const Endpoint& endpoint, const std::vector<std::string>& scopes) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<Entry>& entry = entries_[endpoint.url + " " + text::join(scopes, " ")];
  if (!entry) entry = std::make_unique<Entry>();
  return *entry;
}

std::string Tokens::known(const Endpoint& endpoint, const std::vector<std::string>& scopes) {
  Entry& found = entry(endpoint, scopes);
  const std::lock_guard lock(found.mutex);
  return found.value;
}

Answer Tokens::answer(const Endpoint& endpoint, const std::vector<std::string>& scopes,
                      const std::string& refused, const Response& response) {
  Entry& found = entry(endpoint, scopes);
  const std::lock_guard lock(found.mutex);
  if (!found.value.empty() && found.value != refused)
    return {found.value, false};  // another thread was faster
  const std::optional<Credential> credential = credentials_.find(endpoint.registry);
  const std::vector<Challenge> challenges = challenges_of(response);
  if (challenges.empty())
    throw Error("401 Unauthorized, without saying how to log in", ExitCode::host);
  if (credential && !credential->bearer.empty()) {
    found.value = "Bearer " + credential->bearer;
  } else {
    const auto offers = [&](const char* scheme) {
      return std::find_if(challenges.begin(), challenges.end(),
                          [&](const Challenge& c) { return c.scheme == scheme; });
    };
    const auto bearer = offers("bearer");
    if (bearer != challenges.end()) {
      found.value = "Bearer " + fetch(endpoint, *bearer, scopes, credential);
    } else if (offers("basic") == challenges.end()) {
      throw Error("401 Unauthorized: it asks for \"" + text::one_line(challenges.front().scheme) +
                      "\", which rtfx does not know",
                  ExitCode::host);
    } else if (!credential || credential->user.empty()) {
      throw Error("401 Unauthorized; " + log_in_hint(endpoint, std::nullopt), ExitCode::host);
    } else {
      found.value = "Basic " + base64(credential->user + ":" + credential->password);
    }
  }
  if (found.value == refused)
    throw Error("401 Unauthorized; " + log_in_hint(endpoint, credential), ExitCode::host);
  found.served = false;
  return {found.value, true};
}

void Tokens::has_served(const Endpoint& endpoint, const std::vector<std::string>& scopes,
                        const std::string& authorization) {
  if (authorization.empty()) return;
  Entry& found = entry(endpoint, scopes);
  const std::lock_guard lock(found.mutex);
  if (found.value == authorization) found.served = true;
}

bool Tokens::has_run_out(const Endpoint& endpoint, const std::vector<std::string>& scopes,
                         const std::string& authorization) {
  Entry& found = entry(endpoint, scopes);
  const std::lock_guard lock(found.mutex);
  return found.value != authorization || found.served;
}

std::string Tokens::fetch(const Endpoint& endpoint, const Challenge& challenge,
                          const std::vector<std::string>& scopes,
                          const std::optional<Credential>& credential) {
  const Url realm = parse_url(parameter(challenge, "realm"));
  const std::string asking = "asking " + realm.origin() + " for a token";
  const bool readable = realm.scheme == "http" && !realm.is_loopback();
  if (credential && readable && endpoint.url.starts_with("https://"))
    throw Error(asking + ": it wants the password over plain http, which is not done",
                ExitCode::host);
  Response response;
  try {
    response = http_.send(
        token_request(realm.text, challenge, all_scopes(scopes, challenge), credential), stop_);
  } catch (const TransportError& error) {
    throw TransportError(error.kind(), asking + ": " + error.what(), error.after());
  }
  const std::string status = asking + ": HTTP " + std::to_string(response.status);
  if (is_passing(response.status))
    throw TransportError(TransportError::Kind::broken, status, retry_after(response));
  if (response.status == 401 || response.status == 403)
    throw Error(status + "; " + log_in_hint(endpoint, credential), ExitCode::host);
  if (!response.ok()) throw Error(status);
  return in_context(asking, [&] { return parse_token(response); });
}

}  // namespace rtfx::registry
