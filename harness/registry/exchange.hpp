// SPDX-License-Identifier: Apache-2.0
//
// What stands between "ask the registry for this" and single HTTP exchanges: credentials, redirects and patience.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "harness/registry/credentials.hpp"
#include "harness/registry/endpoint.hpp"
#include "harness/registry/http.hpp"
#include "harness/registry/registry.hpp"
#include "harness/registry/tokens.hpp"
#include "harness/registry/url.hpp"

namespace rtfx::registry {

/// One question to a registry.
struct Question {
  std::string what;  ///< for messages: "manifest linuxkit/init:v1"
  const Endpoint& endpoint;
  std::vector<std::string> scopes;  ///< "repository:linuxkit/init:pull"
  Request request;
  /// Asked again when the answer was lost. False for what must start anew from an earlier step.
  bool repeatable = true;
  /// Called before every attempt: a sink starts anew.
  std::function<void()> restart{};
};

/// Thread-safe.
class Exchange {
 public:
  /// `first_pause`: patience.hpp.
  Exchange(Http& http, Credentials& credentials, Wait wait, std::stop_token stop,
           std::chrono::milliseconds first_pause);

  /// The answer, whatever its status is, but for those that are dealt with here: 401 is answered with credentials once,
  /// redirects are followed, and 408, 429, 5xx and lost connections are tried again a few times, after the time that the
  /// registry asks for. Throws Error (what was asked, of whom, what came) when there is no answer.
  Response ask(const Question& question);

  /// Runs `attempt` until it throws nothing that passes by itself (Passing); a few times, with growing pauses.
  template <typename Attempt>
  auto patiently(Attempt&& attempt) {
    for (unsigned tries = 0;; ++tries) {
      try {
        return attempt();
      } catch (const Passing& passing) {
        if (!pause(passing, tries)) throw;
      }
    }
  }

  /// An Error that may not happen again when the same is tried once more.
  class Passing : public Error {
   public:
    Passing(const Error& error, std::chrono::milliseconds after, unsigned worth)
        : Error(error), after_(after), worth_(worth) {}
    std::chrono::milliseconds after() const { return after_; }
    unsigned worth() const { return worth_; }

   private:
    std::chrono::milliseconds after_;  ///< what the registry asks for; 0: nothing
    unsigned worth_;                   ///< how many more tries
  };

  /// The answer as an Error that says what was asked and what came; Passing when it is one of those.
  [[noreturn]] void refuse(const Question& question, const Response& response) const;
  /// The same, always as Passing.
  [[noreturn]] void pass(const Question& question, const Response& response) const;

  /// Waits before the next try, after `tries` that failed before this one. False: it is not worth one.
  bool pause(const Passing& passing, unsigned tries) const;

  const std::stop_token& stop_token() const { return stop_; }
  const Wait& wait() const { return wait_; }

 private:
  Response once(const Question& question);
  Response send(const Question& question, Request request, const std::string& authorization);

  Http& http_;
  Tokens tokens_;
  Wait wait_;
  std::stop_token stop_;
  std::chrono::milliseconds first_pause_;
};

/// The error codes of a registry's answer, e.g. MANIFEST_UNKNOWN (OCI distribution-spec, "Error Codes").
std::vector<std::string> error_codes(const Response& response);
/// "404 Not Found: manifest unknown", on one line.
std::string describe(const Response& response);
/// Whether the registry says that what was asked for is not there: 404, and no code that means something else.
bool is_absent(const Response& response);

}  // namespace rtfx::registry
