// SPDX-License-Identifier: Apache-2.0
#include "harness/disk/sparse_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.hpp"
#include "harness/disk/contents.hpp"

namespace rtfx::disk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr std::size_t step = 64 * 1024;

class SparseFileTest : public ::testing::Test {
 protected:
  std::uint64_t allocated() const {
    struct stat status {};
    EXPECT_EQ(::fstat(file_.fd(), &status), 0);
    return static_cast<std::uint64_t>(status.st_blocks) * 512;
  }

  TemporaryDirectory directory_;
  SparseFile file_ = SparseFile::nameless(directory_.path(), "the disk");
};

TEST_F(SparseFileTest, has_no_name_and_can_be_opened_by_its_path) {
  EXPECT_TRUE(fs::is_empty(directory_.path()));
  file_.write_at(3, "abc");
  EXPECT_EQ(read_file(file_.path()), std::string("\0\0\0abc", 6));
}

TEST_F(SparseFileTest, zeros_take_no_room_wherever_the_pieces_end) {
  file_.resize(100 * step);
  file_.write_at(0, std::string(40 * step, '\0'));
  EXPECT_EQ(allocated(), 0u);
  file_.write_at(50 * step - 1, "x" + std::string(10 * step, '\0') + "y");
  EXPECT_LE(allocated(), 3 * step);
  EXPECT_EQ(file_.read_at(50 * step - 1, 2), std::string("x\0", 2));
  EXPECT_EQ(file_.read_at(60 * step, 1), "y");
  EXPECT_EQ(file_.size(), 100 * step);
}

TEST_F(SparseFileTest, visits_what_is_not_zeros_in_pieces) {
  file_.resize(10 * step + 100);
  file_.write_at(2 * step + 5, "two");
  file_.write_at(7 * step, std::string(10, '\0'));  // written, and zeros all the same
  file_.write_at(10 * step + 99, "e");
  std::vector<std::pair<std::uint64_t, std::size_t>> seen;
  file_.visit_data(step, [&](std::uint64_t offset, std::string_view bytes) {
    seen.emplace_back(offset, bytes.size());
  });
  EXPECT_THAT(seen, ElementsAre(Pair(2 * step, step), Pair(10 * step, 100)));
}

TEST_F(SparseFileTest, reading_behind_the_end_is_an_error) {
  file_.write_at(0, "abc");
  EXPECT_THROW(file_.read_at(1, 3), Error);
}

TEST_F(SparseFileTest, a_directory_that_is_not_there_is_told) {
  try {
    SparseFile::nameless(directory_.path() / "none", "the disk");
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("none"));
  }
}

class ContentsTest : public SparseFileTest {};

TEST_F(ContentsTest, of_a_file_come_in_pieces_as_often_as_wanted) {
  const std::string bytes(700'000, 'b');
  write_file_atomically(directory_.path() / "f", bytes);
  const Contents contents = Contents::of_file(directory_.path() / "f");
  EXPECT_EQ(contents.size, bytes.size());
  for (int i = 0; i < 2; ++i) {
    std::string got;
    contents.copy_to([&](std::string_view piece) { got += piece; });
    EXPECT_EQ(got, bytes);
  }
}

TEST_F(ContentsTest, a_file_that_shrinks_or_is_not_there_is_an_error) {
  EXPECT_THROW(Contents::of_file(directory_.path() / "none"), Error);
  write_file_atomically(directory_.path() / "f", "abcdef");
  const Contents contents = Contents::of_file(directory_.path() / "f");
  fs::resize_file(directory_.path() / "f", 3);
  EXPECT_THROW(contents.copy_to([](std::string_view) {}), Error);
}

TEST_F(ContentsTest, copying_stops_when_asked_to) {
  write_file_atomically(directory_.path() / "f", "abcdef");
  std::stop_source stop;
  const Contents contents = Contents::of_file(directory_.path() / "f", stop.get_token());
  stop.request_stop();
  try {
    contents.copy_to([](std::string_view) { ADD_FAILURE() << "went on"; });
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::interrupted);
  }
}

}  // namespace
}  // namespace rtfx::disk
