// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace rtfx::vm {

/// A port of the host, on 127.0.0.1 only, forwarded to the guest. host 0: any free one.
struct Publish {
  int host = 0;
  int guest = 0;
  std::string protocol = "tcp";
};
/// "8080:80", "8080:80/udp", ":80", "auto:80". Throws Error (ExitCode::usage).
Publish parse_publish(const std::string& text);

/// How the guest's network card is connected.
struct Network {
  enum class Kind { user, none, tap, bridge };
  Kind kind = Kind::user;
  std::string name{};  ///< of the tap interface or the bridge
};
/// "user" or "default", "none", "tap,IF", "bridge,BR". Throws Error (ExitCode::usage).
Network parse_network(const std::string& text);

/// qemu's -netdev, with the id "net0"; "" for none.
std::string netdev(const Network& network, const std::vector<Publish>& publish);

/// "52:54:.." or any other six bytes in hex whose first is even. Throws Error (ExitCode::usage), naming `where`.
void check_mac(const std::string& mac, const std::string& where);

}  // namespace rtfx::vm
