// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/random.hpp"

#include <sys/random.h>

#include <cerrno>

#include "base/error.hpp"
#include "fmt/format.h"

namespace rtfx::vm {

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  // So few bytes come at once, or not at all.
  if (::getrandom(bytes.data(), count, 0) != static_cast<ssize_t>(count))
    throw system_error("getting random bytes", errno);
  return bytes;
}

std::string random_hex(std::size_t count) {
  std::string result;
  for (const char byte : random_bytes(count))
    result += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return result;
}

std::string random_uuid() {
  std::string hex = random_hex(16);
  hex[12] = '4';
  hex[16] = "89ab"[static_cast<unsigned char>(hex[16]) & 3];
  for (const std::size_t dash : {8u, 13u, 18u, 23u}) hex.insert(dash, 1, '-');
  return hex;
}

std::string random_mac() {
  std::string bytes = random_bytes(6);
  bytes[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0xfc) | 0x02);
  std::string result;
  for (const char byte : bytes) {
    result += fmt::format("{}{:02x}", result.empty() ? "" : ":", static_cast<unsigned char>(byte));
  }
  return result;
}

}  // namespace rtfx::vm
