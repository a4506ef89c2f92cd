// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/console_relay.hpp"

#include <chrono>
#include <utility>

namespace rtfx::vm {

namespace {

constexpr std::chrono::milliseconds gathering{10};
constexpr std::size_t enough = std::size_t{1} << 16;

}  // namespace

ConsoleRelay::ConsoleRelay(std::function<void(std::string_view)> to) : to_(std::move(to)) {
  if (to_) thread_ = std::thread([this] { run(); });
}

ConsoleRelay::~ConsoleRelay() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ConsoleRelay::put(std::string_view bytes, const std::stop_token& stop) {
  if (!to_) return;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [&] { return failed_ || waiting_.size() < most_waiting; });
  if (failed_) std::rethrow_exception(failed_);
  if (waiting_.size() >= most_waiting) return;
  const bool was_empty = waiting_.empty(), was_small = waiting_.size() < enough;
  waiting_ += bytes;
  if (was_empty || (was_small && waiting_.size() >= enough)) changed_.notify_all();
}

void ConsoleRelay::finish() {
  std::unique_lock lock(mutex_);
  finishing_ = true;
  changed_.notify_all();
  changed_.wait(lock, [&] { return failed_ || (waiting_.empty() && !handing_on_); });
  if (failed_) std::rethrow_exception(failed_);
}

void ConsoleRelay::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return over_ || !waiting_.empty(); });
    // A serial port gives one byte at a time: to pass on each would cost the guest's processors their time.
    changed_.wait_for(lock, gathering,
                      [&] { return over_ || finishing_ || waiting_.size() >= enough; });
    if (waiting_.empty() || failed_) return;
    const std::string bytes = std::exchange(waiting_, {});
    handing_on_ = true;
    changed_.notify_all();
    lock.unlock();
    std::exception_ptr failed;
    try {
      to_(bytes);
    } catch (...) {
      failed = std::current_exception();
    }
    lock.lock();
    handing_on_ = false;
    failed_ = failed;
    changed_.notify_all();
    if (failed_) return;
  }
}

}  // namespace rtfx::vm
