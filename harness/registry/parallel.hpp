// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace rtfx::registry {

/// Calls `work` with each item, four at once, and waits. What is thrown first ends it: no further item is begun.
template <typename Item, typename Work>
void for_each_in_parallel(const std::vector<Item>& items, Work&& work) {
  constexpr std::size_t at_once = 4;
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto loop = [&] {
    while (true) {
      const std::size_t i = next++;
      if (i >= items.size()) return;
      try {
        work(items[i]);
      } catch (...) {
        next = items.size();
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < std::min(at_once, items.size()); ++i) threads.emplace_back(loop);
    loop();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace rtfx::registry
