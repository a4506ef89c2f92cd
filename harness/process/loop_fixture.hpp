// SPDX-License-Identifier: Apache-2.0
//
// For the unit tests of the loop.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "harness/process/loop.hpp"

namespace rtfx::process {

inline Command shell(std::string script) {
  return {.argv = {"sh", "-c", std::move(script)}, .timeout = std::chrono::seconds(20)};
}

inline std::string message_of(const std::exception_ptr& failure) {
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::host);
    return error.what();
  }
  return "no error";
}

/// A loop that ends a test which waits for ever, and one command's story.
struct LoopTest : testing::Test {
  struct Told {
    Outcome outcome;
    std::string out, err, failure = "not called";
    int calls = 0;
  };

  LoopTest() {
    loop->after(std::chrono::seconds(60), [] { throw std::runtime_error("the test hangs"); });
  }

  Loop::Child start(Command command, Told& told, std::function<void()> then = {}) {
    return loop->start(
        std::move(command),
        [&told](Stream stream, std::string_view bytes) {
          EXPECT_EQ(told.calls, 0) << "output after the end";
          (stream == Stream::out ? told.out : told.err) += bytes;
        },
        [&told, then](const Outcome& outcome, const std::exception_ptr& failure) {
          ++told.calls;
          told.outcome = outcome;
          told.failure = message_of(failure);
          if (then) then();
        });
  }
  std::function<void()> stop() {
    return [this] { loop->stop(); };
  }
  Told run(Command command) {
    Told told;
    start(std::move(command), told, stop());
    loop->run();
    return told;
  }

  std::unique_ptr<Loop> loop = make_loop();
};

}  // namespace rtfx::process
