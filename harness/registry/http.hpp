// SPDX-License-Identifier: Apache-2.0
//
// One HTTP exchange: the seam between the registry client and the network. Redirects, credentials and retries are
// decided above it (exchange.hpp), so that unit tests see all of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace rtfx::registry {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method = "GET";
  std::string url;
  Headers headers{};
  std::string body{};                        ///< what is sent
  std::filesystem::path body_file{};         ///< instead of `body`: the bytes of this file
  std::uint64_t body_offset = 0;             ///< of the file: where they begin
  std::optional<std::uint64_t> body_size{};  ///< of the file: how many; else all up to its end
  bool own_connection = false;               ///< a new one, for this alone
  bool has_body() const { return !body.empty() || !body_file.empty(); }
  /// Gets the body of an answer of 2xx piece by piece, in place of Response::body. It may throw, which ends the
  /// exchange and reaches the caller of send().
  std::function<void(std::string_view)> sink{};
  std::uint64_t max_answer =
      8U << 20;  ///< bytes of a body that is not given to `sink`; more is an Error
};

struct Response {
  int status = 0;
  Headers headers{};  ///< names in lower case, in the order of the answer
  std::string body{};

  bool ok() const { return status >= 200 && status < 300; }
  /// The first header of this name (lower case).
  std::optional<std::string> header(std::string_view name) const;
};

/// Whether the same may succeed a little later: 408, 429, most of 5xx.
bool is_passing(int status);
/// How long the registry asks to wait; 0 when it does not (RFC 9110, 10.2.3: seconds or a date).
std::chrono::milliseconds retry_after(const Response& response);

/// Nothing was answered, or not all of it.
class TransportError : public Error {
 public:
  enum class Kind {
    unresolved,  ///< no such host
    refused,     ///< nobody listens, or no way to the host
    tls,         ///< the certificate is not trusted, or no TLS at all
    timed_out,
    broken,  ///< the connection ended in the middle
    other,
  };
  /// `after`: how long to wait before the next try, when that was told.
  TransportError(Kind kind, const std::string& message, std::chrono::milliseconds after = {})
      : Error(message, ExitCode::host), kind_(kind), after_(after) {}
  Kind kind() const { return kind_; }
  std::chrono::milliseconds after() const { return after_; }

 private:
  Kind kind_;
  std::chrono::milliseconds after_;
};

class Http {
 public:
  Http() = default;
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;
  virtual ~Http() = default;

  /// Sends the request and waits for the whole answer, whatever its status is; follows no redirect. Throws
  /// TransportError, or Error (ExitCode::interrupted) when it was asked to stop. Thread-safe.
  virtual Response send(const Request& request, std::stop_token stop) = 0;
};

/// After how long an exchange that does not get on has ended.
struct Limits {
  std::chrono::milliseconds connect{std::chrono::seconds(20)};
  std::chrono::seconds stall{60};  ///< less than ten bytes a second for that long
};
/// `stall` is $RTFX_STALL_SECONDS (1 to 3600), else 60; it bounds the time to connect as well. Throws Error
/// (ExitCode::usage) when it is something else.
Limits usual_limits();

/// libcurl: HTTP/1.1, at most four connections at once, which are used again; proxies from the environment, but never
/// for loopback addresses. `cert_files` are PEM files of authorities that are trusted beside those of the system
/// (or of $SSL_CERT_FILE); throws Error (ExitCode::usage) when one cannot be read or holds no certificate.
std::unique_ptr<Http> make_curl_http(const std::vector<std::filesystem::path>& cert_files = {},
                                     const Limits& limits = usual_limits());

}  // namespace rtfx::registry
