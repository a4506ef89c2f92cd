// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace rtfx::registry {

/// An http or https address in its parts.
struct Url {
  std::string scheme;  ///< "http", "https"
  std::string host;    ///< lower case, without the brackets of an IPv6 address
  std::string port;    ///< also when it is the scheme's own
  std::string text;    ///< the whole, without user, password and fragment

  /// What credentials are for: the same scheme, host and port (RFC 6454).
  std::string origin() const { return scheme + "://" + host + ":" + port; }
  bool is_loopback() const;
};

/// Throws Error when it is no http or https address. A user or password in it is dropped.
Url parse_url(const std::string& text);
/// What a Location header means at this address: it may be relative (RFC 9110, 10.2.2).
Url resolve_location(const Url& base, const std::string& location);
/// The address with one more "name=value" in its query, encoded.
std::string with_query(const std::string& url, std::string_view name, std::string_view value);
/// RFC 3986: all but letters, digits and -._~ as %XX.
std::string percent_encoded(std::string_view text);
/// Whether the host is this machine: localhost, 127.0.0.0/8 or ::1.
bool is_loopback(std::string_view host);

}  // namespace rtfx::registry
