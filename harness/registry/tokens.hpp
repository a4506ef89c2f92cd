// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "harness/registry/challenge.hpp"
#include "harness/registry/credentials.hpp"
#include "harness/registry/endpoint.hpp"
#include "harness/registry/http.hpp"

namespace rtfx::registry {

/// What to send after a 401.
struct Answer {
  std::string authorization;  ///< the value of the header
  bool fresh = false;         ///< got for this; else known from before
};

/// The values of Authorization headers, by registry and scope (distribution, "Token Authentication Specification";
/// RFC 7617). Thread-safe; several threads that need the same one fetch it once.
class Tokens {
 public:
  Tokens(Http& http, Credentials& credentials, std::stop_token stop);

  /// What is known already; "" when nothing is, or nothing is needed.
  std::string known(const Endpoint& endpoint, const std::vector<std::string>& scopes);
  /// Answers a 401 to a request that was sent with `refused` ("" without). Throws Error when there is no way to.
  Answer answer(const Endpoint& endpoint, const std::vector<std::string>& scopes,
                const std::string& refused, const Response& response);
  /// A request that was sent with `authorization` was not answered with 401.
  void has_served(const Endpoint& endpoint, const std::vector<std::string>& scopes,
                  const std::string& authorization);
  /// Whether `authorization` has served before, or has been replaced since: then a 401 says that it ran out.
  bool has_run_out(const Endpoint& endpoint, const std::vector<std::string>& scopes,
                   const std::string& authorization);

 private:
  struct Entry {
    std::mutex mutex;
    std::string value;
    bool served = false;  ///< the value, at least once
  };
  Entry& entry(const Endpoint& endpoint, const std::vector<std::string>& scopes);
  std::string fetch(const Endpoint& endpoint, const Challenge& challenge,
                    const std::vector<std::string>& scopes,
                    const std::optional<Credential>& credential);

  Http& http_;
  Credentials& credentials_;
  std::stop_token stop_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Entry>> entries_;
};

}  // namespace rtfx::registry
