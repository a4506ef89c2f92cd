// SPDX-License-Identifier: Apache-2.0
#include "runner/console/writer.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <string>
#include <thread>

#include "harness/process/fake_loop.hpp"
#include "runner/console/test_terminal.hpp"

namespace rtfx::console {
namespace {

std::string numbered_lines(int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += "line " + std::to_string(i) + "\n";
  return all;
}

std::string read_all(int fd) {
  std::string all;
  std::array<char, 65536> block;
  ssize_t got = 0;
  while ((got = ::read(fd, block.data(), block.size())) > 0)
    all.append(block.data(), static_cast<std::size_t>(got));
  return all;
}

/// Both ends of something.
struct Ends {
  int reader = -1, writer = -1;
  ~Ends() {
    if (reader >= 0) ::close(reader);
    if (writer >= 0) ::close(writer);
  }
};

void make_pipe(Ends& ends) {
  std::array<int, 2> fds;
  ASSERT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
  ends.reader = fds[0];
  ends.writer = fds[1];
}

void make_sockets(Ends& ends) {
  std::array<int, 2> fds;
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
  ends.reader = fds[0];
  ends.writer = fds[1];
}

void expect_late_reader_gets_all(Ends& ends) {
  const std::string all = numbered_lines(400000);  // 4.7 MB: more than is kept in memory
  std::string got;
  std::thread reader;
  {
    Writer writer(ends.writer);
    for (std::size_t at = 0; at < all.size(); at += 10000) writer.write(all.substr(at, 10000));
    EXPECT_TRUE(writer.behind());
    reader = std::thread([&] { got = read_all(ends.reader); });
  }
  ::close(ends.writer);
  ends.writer = -1;
  reader.join();
  EXPECT_TRUE(got == all) << "of " << all.size() << " bytes " << got.size() << " came";
}

TEST(Writer, never_waits_and_loses_nothing_on_a_pipe) {
  Ends ends;
  make_pipe(ends);
  expect_late_reader_gets_all(ends);
}

TEST(Writer, never_waits_and_loses_nothing_on_a_socket) {
  Ends ends;
  make_sockets(ends);
  expect_late_reader_gets_all(ends);
}

TEST(Writer, leaves_the_file_of_others_as_it_is) {
  Ends ends;
  make_pipe(ends);
  Writer writer(ends.writer);
  EXPECT_EQ(::fcntl(ends.writer, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(writer.fd(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(Writer, a_loop_writes_what_is_left) {
  Ends ends;
  make_pipe(ends);
  process::FakeLoop loop;
  Writer writer(ends.writer);
  writer.attach(loop);
  writer.write(std::string(100000, 'x'));
  ASSERT_TRUE(writer.behind());
  std::array<char, 65536> block;
  ASSERT_GT(::read(ends.reader, block.data(), block.size()), 0);
  loop.after(std::chrono::seconds(1), [&] { loop.stop(); });
  loop.run();
  EXPECT_FALSE(writer.behind());
  writer.detach();
}

TEST(Writer, a_reader_that_is_gone_is_no_error) {
  ::signal(SIGPIPE, SIG_IGN);
  Ends ends;
  make_pipe(ends);
  Writer writer(ends.writer);
  writer.write(std::string(100000, 'x'));
  ::close(ends.reader);
  ends.reader = -1;
  writer.write("more");
  EXPECT_EQ(writer.problem(), EPIPE);
  EXPECT_FALSE(writer.behind());
}

TEST(Writer, a_full_disk_and_a_closed_descriptor_are_no_error) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  Writer writer(full);
  writer.write("text");
  EXPECT_EQ(writer.problem(), ENOSPC);
  ::close(full);
  Writer closed(full);
  closed.write("text");
  EXPECT_EQ(closed.problem(), EBADF);
}

TEST(Writer, a_terminal_that_was_stopped_goes_on_where_it_was) {
  TestTerminal terminal(80, 24);
  Writer writer(terminal.fd);
  const std::string all = numbered_lines(20000);
  writer.write(all);
  EXPECT_TRUE(writer.behind());
  std::string got;
  while (writer.behind()) {
    got += terminal.bytes();
    writer.flush();
  }
  got += terminal.bytes();
  std::erase(got, '\r');
  EXPECT_TRUE(got == all);
}

TEST(Writer, a_terminal_that_hangs_up_is_no_error) {
  TestTerminal terminal(80, 24);
  Writer writer(terminal.fd);
  terminal.hang_up();
  writer.write("text");
  EXPECT_EQ(writer.problem(), EIO);
}

}  // namespace
}  // namespace rtfx::console
