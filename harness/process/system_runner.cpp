// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <exception>
#include <stop_token>
#include <utility>

#include "harness/process/loop.hpp"
#include "harness/process/process.hpp"
#include "harness/process/supervisor_pool.hpp"

namespace rtfx::process {

namespace {

/// A run is a loop of its own, with one command in it.
class SystemRunner final : public Runner {
 public:
  SystemRunner() { supervisor_pool().prepare(); }

  Outcome run(const Command& command, const Sink& sink, std::stop_token stop) override {
    if (stop.stop_requested()) return Outcome{.ending = Ending::cancelled};
    Outcome outcome;
    std::exception_ptr failure;
    const auto loop = make_loop();
    const auto child = loop->start(command, sink, [&](const Outcome& how, std::exception_ptr why) {
      outcome = how;
      failure = std::move(why);
      loop->stop();
    });
    const std::stop_callback on_stop(stop, [&] { loop->post([&] { loop->cancel(child); }); });
    loop->run();
    if (failure) std::rethrow_exception(failure);
    return outcome;
  }
};

}  // namespace

Runner& system_runner() {
  static SystemRunner runner;
  return runner;
}

}  // namespace rtfx::process
