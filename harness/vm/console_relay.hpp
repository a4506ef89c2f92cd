// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

namespace rtfx::vm {

/// Hands bytes on from a thread of its own, so that who produces them can still be stopped when their reader does not
/// take them. Memory is bounded: when too much waits, put() waits too.
class ConsoleRelay {
 public:
  static constexpr std::size_t most_waiting = std::size_t{1} << 20;

  explicit ConsoleRelay(std::function<void(std::string_view)> to);
  ~ConsoleRelay();
  ConsoleRelay(const ConsoleRelay&) = delete;
  ConsoleRelay& operator=(const ConsoleRelay&) = delete;

  /// Drops the bytes when there is no room for them and `stop` is requested. Throws what the reader has thrown.
  void put(std::string_view bytes, const std::stop_token& stop);
  /// Waits until the reader has taken everything. Throws what it has thrown.
  void finish();

 private:
  void run();

  std::function<void(std::string_view)> to_;
  std::mutex mutex_;  ///< for all below
  std::condition_variable_any changed_;
  std::string waiting_;
  bool handing_on_ = false, finishing_ = false, over_ = false;
  std::exception_ptr failed_;
  std::thread thread_;
};

}  // namespace rtfx::vm
