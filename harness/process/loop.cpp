// SPDX-License-Identifier: Apache-2.0
//
// The event loop, on epoll(7)
//
// A run of a command is three descriptors (two pipes, the socket of its supervisor) and a few timers; all of it comes
// and goes a thousand times a second. epoll itself does that with one call per change and one per wait, and lets this
// file decide the order of things, on which promises depend:
//
//  * Every pass asks for all descriptors that are ready, and serves each of them once: a command that writes without
//    end has its turn, a piece of 64 KiB, and so have the others.
//  * Before a timer fires, everything that has come by then is served: if this process was stopped for a while (Ctrl-Z,
//    a busy host), a command that ended in time is not taken for one that did not.
//  * What a callback does to other descriptors and timers of the same pass is respected: a watch is found by its
//    descriptor and a number that is never used again.
#include "harness/process/loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/process/supervised_run.hpp"
#include "harness/process/supervisor_pool.hpp"

namespace rtfx::process {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t buffer_size = 65536;  // what a pipe holds

class EpollLoop final : public Loop {
 public:
  EpollLoop();
  ~EpollLoop() override;

  TimePoint now() const override { return std::chrono::steady_clock::now(); }
  Child start(Command command, Sink sink, Done done) override;
  void cancel(Child child) override;
  void kill(Child child) override;
  void when_gone(Child child, std::function<void()> callback) override;
  Timer after(milliseconds delay, std::function<void()> callback) override;
  void cancel(Timer timer) override;
  void watch(int fd, std::function<void()> callback) override;
  void unwatch(int fd) override;
  void post(std::function<void()> callback) override;
  void run() override;
  void stop() override { stopped_ = true; }

 private:
  struct Watch {
    std::uint32_t number;
    std::shared_ptr<const std::function<void()>> callback;  ///< shared: it may unwatch itself
  };

  void gone(Child child);
  int patience();
  void serve_ready(int patience_ms);
  void serve_posted();
  void serve_timers();

  FileDescriptor epoll_{::epoll_create1(EPOLL_CLOEXEC)};
  FileDescriptor wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(buffer_size);
  std::vector<epoll_event> events_;
  std::unordered_map<int, Watch> watches_;
  std::uint32_t last_watch_ = 0;
  std::map<std::pair<TimePoint, Timer>, std::function<void()>> timers_;
  std::unordered_map<Timer, TimePoint> due_;
  std::unordered_map<Child, std::unique_ptr<SupervisedRun>> runs_;
  std::unordered_multimap<Child, std::function<void()>> when_gone_;
  std::uint64_t last_ = 0;
  bool stopped_ = false;

  std::mutex mutex_;
  std::deque<std::function<void()>> posted_;
};

EpollLoop::EpollLoop() {
  supervisor_pool().prepare();
  if (!epoll_ || !wake_) throw system_error("making an event loop", errno);
  watch(wake_.get(), [this] {
    std::uint64_t count = 0;
    while (::read(wake_.get(), &count, sizeof count) < 0 && errno == EINTR) {
    }
  });
}

EpollLoop::~EpollLoop() {
  for (const auto& [child, run] : runs_) run->kill();  // all at once, and then wait for each
  runs_.clear();
}

Loop::Child EpollLoop::start(Command command, Sink sink, Done done) {
  if (command.argv.empty() || command.timeout <= milliseconds(0)) {
    std::fprintf(stderr, "rtfx: bug: a command without %s: %s\n",
                 command.argv.empty() ? "a program" : "a time limit",
                 command.argv.empty() ? "" : command.argv.front().c_str());
    std::abort();
  }
  const auto child = static_cast<Child>(++last_);
  auto run = std::make_unique<SupervisedRun>(*this, std::span(buffer_.get(), buffer_size),
                                             std::move(command), std::move(sink));
  try {
    run->start(done, [this, child] { gone(child); });
    runs_.emplace(child, std::move(run));
  } catch (const Error&) {
    post([done = std::move(done), failure = std::current_exception()] { done({}, failure); });
  }
  return child;
}

void EpollLoop::cancel(Child child) {
  if (const auto found = runs_.find(child); found != runs_.end()) found->second->cancel();
}

void EpollLoop::kill(Child child) {
  if (const auto found = runs_.find(child); found != runs_.end()) found->second->kill();
}

void EpollLoop::when_gone(Child child, std::function<void()> callback) {
  if (!runs_.contains(child)) return callback();
  when_gone_.emplace(child, std::move(callback));
}

void EpollLoop::gone(Child child) {
  runs_.erase(child);
  const auto [first, last] = when_gone_.equal_range(child);
  std::vector<std::function<void()>> callbacks;
  for (auto entry = first; entry != last; ++entry) callbacks.push_back(std::move(entry->second));
  when_gone_.erase(first, last);
  for (const auto& callback : callbacks) callback();
}

Loop::Timer EpollLoop::after(milliseconds delay, std::function<void()> callback) {
  const auto timer = static_cast<Timer>(++last_);
  const TimePoint due = now() + delay;
  timers_.emplace(std::pair(due, timer), std::move(callback));
  due_.emplace(timer, due);
  return timer;
}

void EpollLoop::cancel(Timer timer) {
  const auto found = due_.find(timer);
  if (found == due_.end()) return;
  timers_.erase({found->second, timer});
  due_.erase(found);
}

void EpollLoop::watch(int fd, std::function<void()> callback) {
  const std::uint32_t number = ++last_watch_;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = std::uint64_t{number} << 32 | static_cast<std::uint32_t>(fd);
  const bool added = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0 ||
                     (errno == EEXIST && ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0);
  // EPERM: a file, a directory or /dev/null, for which there is nothing to wait.
  if (!added && errno != EPERM) throw system_error("watching a descriptor", errno);
  watches_[fd] = {number, std::make_shared<const std::function<void()>>(std::move(callback))};
}

void EpollLoop::unwatch(int fd) {
  if (watches_.erase(fd) > 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void EpollLoop::post(std::function<void()> callback) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(callback));
  }
  const std::uint64_t one = 1;
  while (first && ::write(wake_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void EpollLoop::run() {
  for (stopped_ = false; !stopped_;) {
    serve_posted();
    if (!stopped_) serve_ready(patience());
    if (!stopped_) serve_timers();
  }
}

/// How long nothing is to be done; -1: until something comes.
int EpollLoop::patience() {
  {
    const std::lock_guard lock(mutex_);
    if (!posted_.empty()) return 0;
  }
  if (timers_.empty()) return -1;
  const auto left = timers_.begin()->first.first - now();
  if (left <= left.zero()) return 0;
  return static_cast<int>(
      std::min<milliseconds::rep>(std::chrono::ceil<milliseconds>(left).count(), INT_MAX));
}

void EpollLoop::serve_ready(int patience_ms) {
  events_.resize(std::max(events_.size(), watches_.size()));  // room for all: none is passed over
  const int count =
      ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), patience_ms);
  for (int i = 0; i < count && !stopped_; ++i) {
    const std::uint64_t data = events_[static_cast<std::size_t>(i)].data.u64;
    const auto found = watches_.find(static_cast<int>(data & 0xffff'ffff));
    if (found == watches_.end() || found->second.number != data >> 32) continue;
    const auto callback = found->second.callback;
    (*callback)();
  }
}

/// Those that are there now; what they post has its turn after the descriptors.
void EpollLoop::serve_posted() {
  std::size_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    count = posted_.size();
  }
  for (; count > 0 && !stopped_; --count) {
    std::unique_lock lock(mutex_);
    const auto callback = std::move(posted_.front());
    posted_.pop_front();
    lock.unlock();
    callback();
  }
}

void EpollLoop::serve_timers() {
  const TimePoint time = now();
  if (timers_.empty() || timers_.begin()->first.first > time) return;
  serve_ready(0);
  while (!stopped_ && !timers_.empty() && timers_.begin()->first.first <= time) {
    const auto timer = timers_.extract(timers_.begin());
    due_.erase(timer.key().second);
    timer.mapped()();
  }
}

}  // namespace

std::unique_ptr<Loop> make_loop() { return std::make_unique<EpollLoop>(); }

}  // namespace rtfx::process
