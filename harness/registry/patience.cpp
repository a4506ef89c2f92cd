// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/patience.hpp"

#include <algorithm>
#include <charconv>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/registry/http.hpp"

namespace rtfx::registry {

namespace {

unsigned number(const char* name, unsigned usual, unsigned least, unsigned most, const char* unit) {
  const std::string text = environment(name);
  if (text.empty()) return usual;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most)
    throw Error(std::string(name) + "=\"" + text::one_line(text.substr(0, 40)) +
                    "\": expected whole " + unit + " from " + std::to_string(least) + " to " +
                    std::to_string(most),
                ExitCode::usage);
  return value;
}

}  // namespace

std::chrono::milliseconds first_pause() {
  return std::chrono::milliseconds(number("RTFX_RETRY_PAUSE_MS", 250, 0, 60000, "milliseconds"));
}

Limits usual_limits() {
  Limits limits;
  limits.stall = std::chrono::seconds(number("RTFX_STALL_SECONDS", 60, 1, 3600, "seconds"));
  limits.connect = std::min<std::chrono::milliseconds>(limits.connect, limits.stall);
  return limits;
}

}  // namespace rtfx::registry
