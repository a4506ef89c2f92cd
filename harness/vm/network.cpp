// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/network.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "fmt/format.h"

namespace rtfx::vm {

namespace {

constexpr std::size_t longest_interface = 15;  // IFNAMSIZ, with the 0 at its end
constexpr std::string_view hex_digits = "0123456789abcdefABCDEF";

/// A port number, or nothing.
std::optional<int> parse_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port < 1 || port > 65535)
    return std::nullopt;
  return port;
}

/// What Linux takes, less what means something to qemu.
bool is_interface(std::string_view name) {
  constexpr std::string_view marks = "-_.@";
  return !name.empty() && name.size() <= longest_interface && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  marks.find(c) != marks.npos;
         });
}

}  // namespace

Publish parse_publish(const std::string& text) {
  const auto bad = [&text]() {
    return Error(
        fmt::format(
            "cannot publish \"{}\": expected [HOST]:GUEST[/tcp|udp] with ports from 1 to 65535, "
            "or auto for HOST",
            text),
        ExitCode::usage);
  };
  Publish result;
  std::string_view ports = text;
  if (const auto slash = ports.find('/'); slash != std::string_view::npos) {
    result.protocol = ports.substr(slash + 1);
    ports = ports.substr(0, slash);
    if (result.protocol != "tcp" && result.protocol != "udp") throw bad();
  }
  const auto colon = ports.find(':');
  if (colon == std::string_view::npos) throw bad();
  const auto guest = parse_port(ports.substr(colon + 1));
  if (!guest) throw bad();
  result.guest = *guest;
  const std::string_view host_text = ports.substr(0, colon);
  if (!host_text.empty() && host_text != "auto") {
    const auto host = parse_port(host_text);
    if (!host) throw bad();
    result.host = *host;
  }
  return result;
}

Network parse_network(const std::string& text) {
  const auto comma = text.find(',');
  const std::string kind = text.substr(0, comma);
  const auto refuse = [&text](const std::string& why) {
    return Error(fmt::format("--net {}: {}", text, why), ExitCode::usage);
  };
  Network network;
  if (kind == "tap" || kind == "bridge") {
    network.kind = kind == "tap" ? Network::Kind::tap : Network::Kind::bridge;
    if (comma == text.npos) throw refuse(fmt::format("which? expected {},NAME", kind));
    network.name = text.substr(comma + 1);
    if (!is_interface(network.name))
      throw refuse(fmt::format("\"{}\" is no name of an interface", network.name));
    return network;
  }
  if (kind == "none") {
    network.kind = Network::Kind::none;
  } else if (kind != "user" && kind != "default") {
    throw refuse("expected user, default, none, tap,IF or bridge,BR");
  }
  if (comma != text.npos) throw refuse(kind + " has no name");
  return network;
}

std::string netdev(const Network& network, const std::vector<Publish>& publish) {
  switch (network.kind) {
    case Network::Kind::none:
      return {};
    case Network::Kind::tap:
      return fmt::format("tap,id=net0,ifname={},script=no,downscript=no", network.name);
    case Network::Kind::bridge:
      return fmt::format("bridge,id=net0,br={}", network.name);
    case Network::Kind::user:
      break;
  }
  std::string result = "user,id=net0";
  for (const Publish& port : publish) {
    result += fmt::format(",hostfwd={}:127.0.0.1:{}-:{}", port.protocol, port.host, port.guest);
  }
  return result;
}

void check_mac(const std::string& mac, const std::string& where) {
  bool good = mac.size() == 17;
  for (std::size_t i = 0; good && i < mac.size(); ++i) {
    good = i % 3 == 2 ? mac[i] == ':' : hex_digits.find(mac[i]) != hex_digits.npos;
  }
  good = good && std::string_view("02468aceACE").find(mac[1]) != std::string_view::npos;
  if (!good) {
    throw Error(
        fmt::format(
            "{}: \"{}\" is no address of one network card: expected one like 52:54:00:12:34:56",
            where, mac),
        ExitCode::usage);
  }
}

}  // namespace rtfx::vm
