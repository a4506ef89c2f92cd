// SPDX-License-Identifier: Apache-2.0
#include "base/files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include "base/error.hpp"

namespace rtfx {
namespace {

TEST(Files, an_atomic_write_leaves_nothing_else_behind_and_sets_the_mode) {
  const TemporaryDirectory scratch;
  const fs::path path = scratch.path() / "new" / "file";
  write_file_atomically(path, "one");
  write_file_atomically(path, "two", 0600);
  EXPECT_EQ(read_file(path), "two");
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0600u);
  EXPECT_EQ(std::distance(fs::directory_iterator(path.parent_path()), fs::directory_iterator()), 1);
}

TEST(Files, a_failed_write_keeps_the_old_file) {
  const TemporaryDirectory scratch;
  fs::create_directories(scratch.path() / "file");
  EXPECT_THROW(write_file_atomically(scratch.path() / "file", "x"), Error);
  EXPECT_TRUE(fs::is_directory(scratch.path() / "file"));
}

TEST(Files, a_file_that_is_not_there_is_told) {
  const TemporaryDirectory scratch;
  try {
    read_file(scratch.path() / "none");
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()),
              "reading " + (scratch.path() / "none").string() + ": No such file or directory");
  }
}

TEST(Files, a_descriptor_is_closed_once_by_its_last_owner) {
  const TemporaryDirectory scratch;
  const int number = ::open(scratch.path().c_str(), O_RDONLY | O_CLOEXEC);
  {
    FileDescriptor first(number);
    FileDescriptor second(std::move(first));
    EXPECT_FALSE(first);
    EXPECT_EQ(second.get(), number);
    FileDescriptor third;
    third = std::move(second);
    EXPECT_EQ(::fcntl(number, F_GETFD), FD_CLOEXEC);
  }
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

TEST(Files, a_temporary_directory_goes_with_all_that_is_in_it) {
  fs::path path;
  {
    const TemporaryDirectory scratch("rtfx-test");
    path = scratch.path();
    write_file_atomically(path / "a/b/c", "x");
    fs::permissions(path / "a/b", fs::perms::owner_read | fs::perms::owner_exec);
    fs::create_symlink("/", path / "link");
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(fs::exists("/"));
}

TEST(Files, a_lock_makes_others_wait) {
  const TemporaryDirectory scratch;
  auto held = std::make_unique<FileLock>(scratch.path() / "lock");
  std::atomic<bool> released = false;
  std::jthread other([&] {
    const FileLock mine(scratch.path() / "lock");
    EXPECT_TRUE(released);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  released = true;
  held.reset();
}

TEST(Files, an_empty_variable_is_as_none) {
  ::setenv("RTFX_TEST_VARIABLE", "", 1);
  EXPECT_EQ(environment("RTFX_TEST_VARIABLE", "fallback"), "fallback");
  ::setenv("RTFX_TEST_VARIABLE", "set", 1);
  EXPECT_EQ(environment("RTFX_TEST_VARIABLE", "fallback"), "set");
  ::unsetenv("RTFX_TEST_VARIABLE");
}

}  // namespace
}  // namespace rtfx
