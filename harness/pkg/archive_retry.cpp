// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/archive_retry.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>

#include "base/error.hpp"

namespace rtfx::pkg {

namespace {

constexpr int tries = 3;

/// Sleeps, or ends early when stop is requested.
void wait(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
}

template <std::size_t size>
bool has_one_of(std::string_view output, const std::array<const char*, size>& signs) {
  return std::any_of(signs.begin(), signs.end(),
                     [&](const char* sign) { return output.find(sign) != std::string_view::npos; });
}

}  // namespace

bool is_network_failure(std::string_view output) {
  // The words of apt's methods; the locale is fixed where they are run.
  static constexpr std::array signs{"Temporary failure resolving",
                                    "Could not resolve",
                                    "Could not connect",
                                    "Unable to connect",
                                    "Connection failed",
                                    "Connection timed out",
                                    "Connection refused",
                                    "Connection reset",
                                    "Connection closed",
                                    "Network is unreachable",
                                    "No route to host",
                                    "Error reading from server",
                                    "Data socket timed out",
                                    "500  Internal Server",
                                    "502  Bad Gateway",
                                    "503  Service",
                                    "504  Gateway",
                                    "429  Too Many",
                                    "Hash Sum mismatch",
                                    "has unexpected size",
                                    "Mirror sync in progress"};
  return has_one_of(output, signs);
}

bool is_out_of_step(std::string_view output) {
  static constexpr std::array signs{"404  Not Found", "Hash Sum mismatch", "has unexpected size",
                                    "Mirror sync in progress"};
  return has_one_of(output, signs);
}

void run_download(const Steps& steps, const std::string& name, const process::Command& command,
                  std::chrono::milliseconds pause) {
  for (int left = tries;; pause *= 3) {
    try {
      return steps.run(name, command);
    } catch (const Error& error) {
      const bool in_time = std::chrono::steady_clock::now() + pause < steps.deadline;
      if (--left == 0 || !in_time || error.code() == ExitCode::interrupted ||
          !is_network_failure(error.what()))
        throw;
    }
    if (steps.log) steps.log("rtfx: " + name + " could not reach the archive; trying again\n");
    wait(pause, steps.stop);
  }
}

}  // namespace rtfx::pkg
