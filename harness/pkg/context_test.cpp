// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/context.hpp"

#include <sys/stat.h>

#include "harness/pkg/fixture.hpp"
#include "harness/pkg/storage.hpp"

namespace rtfx::pkg {
namespace {

using testing::HasSubstr;

TEST(Context, only_what_git_keeps_reaches_the_builder) {
  const PackageDirectory directory;
  directory.package("app", "image: app\nextra-sources: [../common:/vendor/common]\n");
  directory.write("app/.git/config", "x");
  directory.write("app/module/.git", "x");
  directory.write("app/run.sh", "x");
  directory.write("common/deep/a", "x");
  ::chmod((directory / "app/run.sh").c_str(), 0770);
  ::chmod((directory / "app/Dockerfile").c_str(), 0600);
  fs::create_symlink("run.sh", directory / "app/link");
  Diagnostics diagnostics;
  const Package package = load_package(directory / "app", {}, "x", {}, diagnostics);
  make_context(package, directory / "context", 1700000000);

  const auto mode = [&](const char* name) {
    return static_cast<unsigned>(fs::status(directory / "context" / name).permissions());
  };
  EXPECT_EQ(mode("run.sh"), 0755U);
  EXPECT_EQ(mode("Dockerfile"), 0644U);
  EXPECT_EQ(mode("vendor/common/deep"), 0755U);
  EXPECT_EQ(fs::read_symlink(directory / "context/link"), "run.sh");
  EXPECT_FALSE(fs::exists(directory / "context/.git"));
  EXPECT_FALSE(fs::exists(directory / "context/module/.git"));
  struct stat status {};
  ASSERT_EQ(::lstat((directory / "context/vendor/common/deep/a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mtim.tv_sec, 1700000000);
}

TEST(Context, what_git_cannot_keep_is_refused) {
  const PackageDirectory directory;
  directory.package("app", "image: app\n");
  ASSERT_EQ(::mkfifo((directory / "app/pipe").c_str(), 0600), 0);
  Diagnostics diagnostics;
  const Package package = load_package(directory / "app", {}, "x", {}, diagnostics);
  EXPECT_THROW(make_context(package, directory / "context", 0), Error);
}

TEST(Sweep, abandoned_directories_go_and_others_stay) {
  const PackageDirectory directory;
  for (const char* name : {"build.old", "build.used", "build.new", "images", "other"})
    directory.write(std::string(name) + "/lock", "");
  const auto hour_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  const FileLock used(directory / "build.used/lock");
  for (const char* name : {"build.old", "build.used", "images", "other"})
    fs::last_write_time(directory / name, hour_ago);
  sweep(directory.root());
  EXPECT_FALSE(fs::exists(directory / "build.old"));
  for (const char* name : {"build.used", "build.new", "images", "other"})
    EXPECT_TRUE(fs::exists(directory / name)) << name;
}

}  // namespace
}  // namespace rtfx::pkg
