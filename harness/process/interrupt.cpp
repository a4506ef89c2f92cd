// SPDX-License-Identifier: Apache-2.0
#include "harness/process/interrupt.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "harness/process/launch.hpp"

namespace rtfx::process {

namespace {

/// One wish to stop may come as several signals: timeout(1) signals its child, and then the group that the child is in.
constexpr auto echo = std::chrono::milliseconds(50);

std::atomic<bool> asked_to_stop = false;
std::atomic<void (*)() noexcept> last_words = nullptr;
std::optional<sigset_t> original_mask;  // written before any thread starts

std::mutex status_mutex;  // held while the callback runs
std::function<void()> status_callback;

bool is_ignored(int signal) {
  struct sigaction current {};
  ::sigaction(signal, nullptr, &current);
  return current.sa_handler == SIG_IGN;
}

/// Waits for a signal that asks to stop.
void wait_for_stop(const sigset_t& signals) {
  while (true) {
    int signal = 0;
    if (::sigwait(&signals, &signal) != 0) continue;
    if (signal != SIGUSR1) return;
    const std::lock_guard lock(status_mutex);
    if (status_callback) status_callback();
  }
}

void wait_for_signals(sigset_t signals, std::stop_source stop) {
  wait_for_stop(signals);
  asked_to_stop = true;
  // The callbacks of the token run on a thread of their own, so that one that blocks cannot hide the second signal.
  std::thread([stop]() mutable { stop.request_stop(); }).detach();
  const auto first = std::chrono::steady_clock::now();
  do {
    wait_for_stop(signals);
  } while (std::chrono::steady_clock::now() - first < echo);
  if (const auto say = last_words.load()) say();
  // The supervisors see this process die, and kill everything below them.
  ::_exit(static_cast<int>(ExitCode::interrupted));
}

}  // namespace

std::stop_token handle_interrupts() {
  static std::stop_source stop;
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGUSR1);
  if (!is_ignored(SIGHUP)) ::sigaddset(&signals, SIGHUP);  // nohup(1)
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &signals, &before);
  original_mask = before;
  std::thread(wait_for_signals, signals, stop).detach();
  return stop.get_token();
}

void on_status_request(std::function<void()> callback) {
  const std::lock_guard lock(status_mutex);
  status_callback = std::move(callback);
}

void at_sudden_end(void (*words)() noexcept) { last_words = words; }

bool interrupted() { return asked_to_stop; }

sigset_t child_signal_mask() {
  if (original_mask) return *original_mask;
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return mask;
}

}  // namespace rtfx::process
