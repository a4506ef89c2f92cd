// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/archive_retry.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "harness/process/fake_runner.hpp"

namespace rtfx::pkg {
namespace {

using namespace std::chrono_literals;
using process::Command;
using process::FakeRunner;

class ArchiveRetry : public testing::Test {
 protected:
  /// How often a command was tried that says this and fails, until try number `works`.
  std::size_t tries(const std::string& output, std::size_t works = 99) {
    runner.commands.clear();
    runner.script = [&](const Command&) {
      return runner.commands.size() < works ? FakeRunner::exit(100, "", output)
                                            : FakeRunner::exit(0);
    };
    failed = false;
    try {
      run_download({runner, log, stop.get_token(), deadline}, "apt-get", {}, 1ms);
    } catch (const Error& error) {
      failed = true;
      EXPECT_THAT(error.what(), testing::HasSubstr(output));
    }
    return runner.commands.size();
  }

  FakeRunner runner;
  Log log;
  std::stop_source stop;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::now() + 1h;
  bool failed = false;
};

TEST_F(ArchiveRetry, a_network_failure_is_tried_twice_again) {
  EXPECT_EQ(tries("E: Failed to fetch http://a/b  503  Service Unavailable"), 3U);
  EXPECT_TRUE(failed);
}

TEST_F(ArchiveRetry, a_download_that_works_in_the_end_is_a_success) {
  EXPECT_EQ(tries("W: Temporary failure resolving 'a.example'", 2), 2U);
  EXPECT_FALSE(failed);
}

TEST_F(ArchiveRetry, other_failures_are_final) {
  EXPECT_EQ(tries("E: Failed to fetch http://a/b  404  Not Found"), 1U);
  EXPECT_EQ(tries("E: The repository is not signed."), 1U);
  EXPECT_EQ(tries("E: Write error - write (28: No space left on device)"), 1U);
  EXPECT_TRUE(failed);
}

TEST_F(ArchiveRetry, there_is_no_further_try_without_time_for_it) {
  deadline = std::chrono::steady_clock::now();
  EXPECT_EQ(tries("Could not connect to a.example:80"), 1U);
}

TEST_F(ArchiveRetry, stop_ends_the_pause) {
  runner.script = [&](const Command&) {
    stop.request_stop();
    return FakeRunner::exit(100, "", "Connection timed out");
  };
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROW(run_download({runner, log, stop.get_token(), deadline}, "apt-get", {}, 10min),
               Error);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

}  // namespace
}  // namespace rtfx::pkg
