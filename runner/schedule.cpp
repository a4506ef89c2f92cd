// SPDX-License-Identifier: Apache-2.0
#include "runner/schedule.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <set>
#include <thread>

namespace rtfx::runner {
namespace {

class Workers {
 public:
  Workers(const std::vector<std::vector<std::size_t>>& after,
          const std::function<void(std::size_t)>& body, std::stop_token stop)
      : body_(body),
        stop_(std::move(stop)),
        waiting_(after.size()),
        dependents_(after.size()),
        left_(after.size()) {
    for (std::size_t i = 0; i < after.size(); ++i) {
      waiting_[i] = after[i].size();
      for (const std::size_t before : after[i]) dependents_[before].push_back(i);
      if (after[i].empty()) ready_.insert(i);
    }
  }

  bool run(int jobs) {
    {
      std::vector<std::jthread> others;
      for (int i = 1; i < jobs; ++i) others.emplace_back([this] { work(); });
      work();
    }
    if (failure_) std::rethrow_exception(failure_);
    return left_ == 0;
  }

 private:
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, stop_, [this] { return over() || !ready_.empty(); });
      if (over()) return;
      const std::size_t step = *ready_.begin();
      ready_.erase(ready_.begin());
      ++running_;
      lock.unlock();
      std::exception_ptr failure;
      try {
        body_(step);
      } catch (...) {
        failure = std::current_exception();
      }
      lock.lock();
      --running_;
      if (failure && !failure_) failure_ = failure;
      done(step);
      changed_.notify_all();
    }
  }

  bool over() const {
    return left_ == 0 || failure_ || stop_.stop_requested() || (ready_.empty() && running_ == 0);
  }

  void done(std::size_t step) {
    --left_;
    for (const std::size_t next : dependents_[step]) {
      if (--waiting_[next] == 0) ready_.insert(next);
    }
  }

  const std::function<void(std::size_t)>& body_;
  std::stop_token stop_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::set<std::size_t> ready_;
  std::vector<std::size_t> waiting_;
  std::vector<std::vector<std::size_t>> dependents_;
  std::size_t left_, running_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

bool run_in_order(const std::vector<std::vector<std::size_t>>& after, int jobs,
                  const std::function<void(std::size_t)>& body, std::stop_token stop) {
  const auto most = static_cast<int>(std::min<std::size_t>(after.size(), 1024));
  return Workers(after, body, std::move(stop)).run(std::clamp(jobs, 1, std::max(most, 1)));
}

}  // namespace rtfx::runner
