// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/unused.hpp"

#include <gmock/gmock.h>

#include "base/files.hpp"
#include "harness/kernel/lock.hpp"

namespace rtfx::kernel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::chrono::hours month = std::chrono::days(30);

class UnusedKernels : public testing::Test {
 protected:
  /// A file, and the age of what it is in below source, downloads or build.
  void add(const fs::path& file, std::chrono::hours age) {
    write_file_atomically(kernels_ / file, std::string(10000, 'x'));
    fs::path whole = file;
    while (whole.parent_path() != "source" && whole.parent_path() != "source/downloads" &&
           whole.parent_path() != "build" && !whole.parent_path().empty())
      whole = whole.parent_path();
    fs::last_write_time(kernels_ / whole, fs::file_time_type::clock::now() - age);
  }
  std::vector<std::string> removed(bool dry_run = false) {
    std::vector<std::string> names;
    for (const fs::path& path : remove_unused(kernels_, month, dry_run).paths)
      names.push_back(path.lexically_relative(kernels_).string());
    return names;
  }
  bool exists(const fs::path& path) const { return fs::exists(kernels_ / path); }

  TemporaryDirectory folder_;
  fs::path kernels_ = folder_.path() / "kernels";
};

TEST_F(UnusedKernels, go_by_when_they_were_used_last) {
  add("source/new/Makefile", month - std::chrono::hours(1));
  add("source/old/init/main.c", month + std::chrono::hours(1));
  add("source/downloads/new", std::chrono::hours(0));
  add("source/downloads/old", 2 * month);
  add("build/6.12-amd64-new/objects/vmlinux", std::chrono::hours(0));
  add("build/6.12-amd64-old/objects/vmlinux", 2 * month);
  EXPECT_THAT(removed(), ElementsAre("build/6.12-amd64-old", "source/downloads/old", "source/old"));
  EXPECT_TRUE(exists("source/new/Makefile"));
  EXPECT_TRUE(exists("source/downloads/new"));
  EXPECT_TRUE(exists("build/6.12-amd64-new/objects/vmlinux"));
  EXPECT_FALSE(exists("source/old"));
  EXPECT_FALSE(exists("build/6.12-amd64-old"));
  EXPECT_THAT(removed(), IsEmpty());
}

TEST_F(UnusedKernels, stay_once_they_are_used_again) {
  add("source/old/Makefile", 2 * month);
  mark_used(kernels_ / "source/old");
  EXPECT_THAT(removed(), IsEmpty());
}

TEST_F(UnusedKernels, are_only_told_in_a_dry_run) {
  add("source/old/Makefile", 2 * month);
  const Unused unused = remove_unused(kernels_, month, true);
  EXPECT_THAT(unused.paths, ElementsAre(kernels_ / "source/old"));
  EXPECT_GE(unused.bytes, 10000u);
  EXPECT_TRUE(exists("source/old/Makefile"));
}

TEST_F(UnusedKernels, of_killed_processes_go_at_once) {
  add("source/unpacked.Ab12Cd/tree/Makefile", std::chrono::hours(0));
  add("source/old.removed/Makefile", std::chrono::hours(0));
  add("afresh.Ab12Cd/objects/vmlinux", std::chrono::hours(0));
  EXPECT_THAT(removed(),
              ElementsAre("afresh.Ab12Cd", "source/old.removed", "source/unpacked.Ab12Cd"));
  EXPECT_FALSE(exists("source/old.removed"));
}

TEST_F(UnusedKernels, are_left_alone_while_one_is_built_or_unpacked) {
  add("source/old/Makefile", 2 * month);
  for (const char* place : {".", "source"}) {
    const auto lock = try_lock_folder(kernels_ / place);
    ASSERT_TRUE(lock);
    const Unused unused = remove_unused(kernels_, month, false);
    EXPECT_TRUE(unused.busy);
    EXPECT_THAT(unused.paths, IsEmpty());
  }
  EXPECT_TRUE(exists("source/old/Makefile"));
}

TEST_F(UnusedKernels, need_not_be_there) {
  EXPECT_THAT(removed(), IsEmpty());
  EXPECT_FALSE(fs::exists(kernels_));
}

}  // namespace
}  // namespace rtfx::kernel
