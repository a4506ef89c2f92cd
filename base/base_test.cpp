// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/arch.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/files.hpp"

namespace rtfx {
namespace {

using testing::HasSubstr;

TEST(Digest, is_that_of_the_standard) {
  EXPECT_EQ(Digest::of("abc").str(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST(Digest, of_a_file_is_that_of_its_bytes) {
  const TemporaryDirectory scratch;
  const std::string bytes(1'000'000, 'x');
  write_file_atomically(scratch.path() / "f", bytes);
  EXPECT_EQ(Digest::of_file(scratch.path() / "f"), Digest::of(bytes));
}

TEST(Digest, refuses_what_is_not_one) {
  for (const char* text : {"", "sha256:", "sha256:ABCD", "md5:d41d8cd98f00b204e9800998ecf8427e"}) {
    EXPECT_THROW(Digest::parse(text), Error) << text;
  }
}

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

TEST(Arch, an_unknown_one_is_answered_with_the_nearest) {
  const ArchTable table = ArchTable::builtin();
  const auto message = [&](const char* name) -> std::string {
    try {
      return table.find(name).name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::nothing_to_run);
      return error.what();
    }
  };
  EXPECT_EQ(message("s390x"), "s390x");
  EXPECT_THAT(message("aarch64"), HasSubstr("did you mean \"arm64\"?"));
  EXPECT_THAT(message("amd46"), HasSubstr("did you mean \"amd64\"?"));
  EXPECT_THAT(message("vax"), HasSubstr("known: amd64, arm64, s390x, riscv64"));
}

TEST(Arch, a_project_can_replace_and_add_rows) {
  ArchTable table = ArchTable::builtin();
  Arch row = table.find("arm64");
  row.cpu = "max";
  table.add(row);
  EXPECT_EQ(table.find("arm64").cpu, "max");
  row.name = "loong64";
  table.add(row);
  EXPECT_EQ(table.names().size(), 5u);
}

TEST(Error, context_goes_in_front_and_the_code_stays) {
  try {
    in_context("outer", [] { throw Error("inner", ExitCode::host); });
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "outer: inner");
    EXPECT_EQ(error.code(), ExitCode::host);
  }
}

}  // namespace
}  // namespace rtfx
