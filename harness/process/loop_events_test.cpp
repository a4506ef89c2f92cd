// SPDX-License-Identifier: Apache-2.0
//
// Timers, descriptors, posts, and the order of things in a loop.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <thread>
#include <vector>

#include "base/files.hpp"
#include "harness/process/loop_fixture.hpp"
#include "harness/process/strangers.hpp"

namespace rtfx::process {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(LoopTest, goes_on_after_an_exception_of_a_sink_and_kills_at_its_end) {
  Told other;
  start(shell("sleep 0.3; echo other"), other, stop());
  loop->start(shell("echo x; trap '' TERM; sleep 60"),
              [](Stream, std::string_view) { throw Error("full"); }, {});
  EXPECT_THROW(loop->run(), Error);
  loop->run();
  EXPECT_EQ(other.out, "other\n");
  EXPECT_FALSE(strangers().empty());
  loop.reset();
  EXPECT_THAT(strangers(), IsEmpty());
}

TEST_F(LoopTest, lets_an_exception_of_an_end_through) {
  Told sleeper;
  start(shell("setsid sleep 60 & sleep 60"), sleeper);
  loop->start(shell(":"), {}, [](const Outcome&, const std::exception_ptr&) { throw Error("no"); });
  EXPECT_THROW(loop->run(), Error);
  loop.reset();
  EXPECT_EQ(sleeper.calls, 0);
  EXPECT_THAT(strangers(), IsEmpty());
}

TEST_F(LoopTest, keeps_time) {
  std::vector<int> order;
  const auto begin = loop->now();
  loop->after(60ms, [&] { order.push_back(3), loop->stop(); });
  const auto never = loop->after(40ms, [&] { order.push_back(9); });
  loop->after(20ms, [&] { order.push_back(2), loop->cancel(never); });
  loop->after(0ms, [&] { order.push_back(1); });
  const auto past = loop->after(0ms, [&] { order.push_back(8); });
  loop->cancel(past);
  loop->cancel(past);
  loop->run();
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
  EXPECT_GE(loop->now() - begin, 60ms);
}

TEST_F(LoopTest, takes_posts_from_other_threads) {
  int count = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 1000; ++k) {
        loop->post([&] {
          if (++count == 4000) loop->stop();
        });
      }
    });
  }
  loop->run();
  EXPECT_EQ(count, 4000);
}

TEST_F(LoopTest, keeps_what_is_posted_until_it_runs) {
  std::vector<int> order;
  loop->post([&] {
    order.push_back(1);
    loop->post([&] { order.push_back(3), loop->stop(); });
    loop->stop();
  });
  loop->post([&] { order.push_back(2); });
  loop->run();
  EXPECT_THAT(order, ElementsAre(1));
  loop->run();
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST_F(LoopTest, watches_a_descriptor_until_its_end) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  FileDescriptor in(ends[0]), out(ends[1]);
  std::string text;
  loop->watch(in.get(), [] { FAIL() << "replaced"; });
  loop->watch(in.get(), [&] {
    char byte = 0;
    if (::read(in.get(), &byte, 1) == 1) {
      text += byte;
    } else {
      loop->unwatch(in.get());
      loop->unwatch(in.get());
      loop->after(30ms, stop());
    }
  });
  loop->post([&] { EXPECT_EQ(::write(out.get(), "ab", 2), 2); });
  loop->after(20ms, [&] { out.close(); });
  loop->run();
  EXPECT_EQ(text, "ab");
}

TEST_F(LoopTest, never_hears_from_a_file) {
  const TemporaryDirectory directory;
  write_file_atomically(directory.path() / "file", "text");
  for (const fs::path& path :
       {fs::path("/dev/null"), directory.path(), directory.path() / "file"}) {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(file);
    loop->watch(file.get(), [&] { FAIL() << path; });
    loop->after(10ms, stop());
    loop->run();
    loop->unwatch(file.get());
  }
  EXPECT_THROW(loop->watch(-1, [] {}), Error);
}

TEST_F(LoopTest, streams_200_MB_without_growing_or_starving_others) {
  run(shell(":"));
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  std::size_t total = 0;
  int ticks = 0, others = 0, left = 2;
  const auto ended = [&](const Outcome& outcome, const std::exception_ptr&) {
    EXPECT_TRUE(outcome.ok());
    if (--left == 0) loop->stop();
  };
  const Sink count = [&](Stream, std::string_view bytes) { total += bytes.size(); };
  loop->start(shell("head -c 100000000 /dev/zero"), count, ended);
  loop->start(shell("head -c 100000000 /dev/zero >&2"), count, ended);
  std::function<void()> tick = [&] { ++ticks, loop->after(1ms, tick); };
  tick();
  std::function<void()> other = [&] {
    loop->start(shell(":"), {}, [&](const Outcome&, const std::exception_ptr&) {
      if (left == 2) ++others, other();
    });
  };
  other();
  loop->run();
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_EQ(total, 200'000'000u);
  EXPECT_GT(ticks, 3);
  EXPECT_GT(others, 0);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 4096) << "kB";
}

TEST_F(LoopTest, does_not_wait_for_output_that_somebody_else_has_read) {
  const TemporaryDirectory directory;
  const auto wait_for = [&](const char* name) {
    for (int i = 0; i < 1000 && !fs::exists(directory.path() / name); ++i)
      std::this_thread::sleep_for(10ms);
  };
  const auto tell = [&](const char* name) { std::ofstream(directory.path() / name) << "x"; };
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const FileDescriptor in(ends[0]), out(ends[1]);
  Told told;
  Command command = shell(
      "until [ -e begin ]; do sleep 0.01; done; echo x; echo >written; "
      "until [ -e go ]; do sleep 0.01; done; "
      "{ head -n 1 >/dev/null; echo >taken; } </proc/self/fd/1 & exec sleep 15");
  command.cwd = directory.path();
  const auto begin = loop->now();
  start(command, told);
  // In the next pass both can be read, this one first, and then the other no longer.
  loop->watch(in.get(), [&] {
    loop->unwatch(in.get());
    tell("go");
    wait_for("taken");
    loop->after(50ms, stop());
  });
  loop->post([&] {
    ASSERT_EQ(::write(out.get(), "x", 1), 1);
    tell("begin");
    wait_for("written");
  });
  loop->run();
  EXPECT_TRUE(fs::exists(directory.path() / "taken"));
  EXPECT_LT(loop->now() - begin, 10s);
}

TEST_F(LoopTest, does_not_take_a_new_descriptor_for_an_old_one_of_that_number) {
  int a[2], b[2], fresh[2];
  ASSERT_EQ(::pipe2(a, O_CLOEXEC) + ::pipe2(b, O_CLOEXEC) + ::pipe2(fresh, O_CLOEXEC), 0);
  int calls = 0;
  // Both are ready in one pass. Whichever is first replaces the other.
  const auto replace = [&](int other) {
    ++calls;
    loop->unwatch(a[0]);
    loop->unwatch(b[0]);
    ASSERT_EQ(::dup2(fresh[0], other), other);
    loop->watch(other, [] { FAIL() << "nothing can be read from it"; });
  };
  loop->watch(a[0], [&] { replace(b[0]); });
  loop->watch(b[0], [&] { replace(a[0]); });
  ASSERT_EQ(::write(a[1], "x", 1) + ::write(b[1], "x", 1), 2);
  loop->after(20ms, stop());
  loop->run();
  EXPECT_EQ(calls, 1);
  loop.reset();
  for (const int* ends : {a, b, fresh}) ::close(ends[0]), ::close(ends[1]);
}

}  // namespace
}  // namespace rtfx::process
