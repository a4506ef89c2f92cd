// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/version.hpp"

#include "harness/pkg/fixture.hpp"

namespace rtfx::pkg {
namespace {

/// The time of all commits of PackageDirectory, 1700000000, in UTC.
constexpr const char* now = "20231114221320";

class VersionTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!process::find_program("git")) GTEST_SKIP() << "git is not installed";
    directory.package("pkg/foo", "image: foo\n");
    directory.commit();
  }
  void tag(const std::string& name) { directory.git({"tag", name}); }
  void change() {
    directory.write("pkg/foo/count", std::to_string(++count));
    directory.commit();
  }
  std::string version(const std::string& name = "pkg/foo") {
    return go_package_version(*git::Repository::discover(directory.root()), directory / name);
  }
  /// The end of every pseudo-version of HEAD.
  std::string revision() {
    return std::string(now) + "-" + directory.git({"rev-parse", "HEAD"}).substr(0, 12);
  }
  PackageDirectory directory;
  int count = 0;
};

TEST_F(VersionTest, without_tags_it_is_v0_0_0_with_time_and_commit) {
  EXPECT_EQ(version(), "v0.0.0-" + revision());
}

TEST_F(VersionTest, a_tag_of_the_commit_is_the_version) {
  tag("v1.2.3");
  EXPECT_EQ(version(), "v1.2.3");
  directory.git({"tag", "--annotate", "--message", "x", "v1.10.0"});
  EXPECT_EQ(version(), "v1.10.0") << "the highest of several";
}

TEST_F(VersionTest, after_a_tag_the_next_patch_version_is_announced) {
  const struct {
    const char* tag;
    const char* expected;
  } cases[] = {
      {"v1.2.3-beta.2", "v1.2.3-beta.2.0."},
      {"v1.2.3", "v1.2.4-0."},
      {"v1.2.9", "v1.2.10-0."},
      {"v1.2.99", "v1.2.100-0."},
      {"v1.3.0-rc1", "v1.3.0-rc1.0."},
  };
  for (const auto& c : cases) {
    tag(c.tag);
    change();
    EXPECT_EQ(version(), c.expected + revision()) << c.tag;
  }
}

TEST_F(VersionTest, a_release_is_above_its_pre_releases_and_numbers_are_numbers) {
  for (const char* name : {"v1.0.0-rc.2", "v1.0.0-rc.10", "v1.0.0-beta"}) tag(name);
  EXPECT_EQ(version(), "v1.0.0-rc.10");
  tag("v1.0.0");
  EXPECT_EQ(version(), "v1.0.0");
}

TEST_F(VersionTest, what_is_no_semantic_version_is_no_version) {
  for (const char* name : {"1.2.3", "v1.2", "v1.02.3", "v1.2.3.4", "v1.2.3-01", "v1.2.3+meta", "vx",
                           "v0.1.0-0.20191109021931-daa7c04131f5"})
    tag(name);
  EXPECT_EQ(version(), "v0.0.0-" + revision());
}

TEST_F(VersionTest, tags_of_other_branches_do_not_count) {
  tag("v1.0.0");
  change();
  directory.git({"checkout", "--quiet", "-b", "other"});
  change();
  tag("v1.5.0");
  directory.git({"checkout", "--quiet", "main"});
  EXPECT_EQ(version(), "v1.0.1-0." + revision());
  directory.git({"merge", "--quiet", "--no-ff", "--message", "merge", "other"});
  EXPECT_EQ(version(), "v1.5.1-0." + revision());
}

TEST_F(VersionTest, a_module_in_a_subdirectory_has_tags_of_its_own) {
  tag("v3.0.0");
  tag("pkg/foobar/v9.0.0");
  EXPECT_EQ(version(), "v3.0.0+incompatible") << "without tags of its own: those of the repository";
  tag("pkg/foo/v0.4.0");
  EXPECT_EQ(version(), "v0.4.0");
  change();
  EXPECT_EQ(version(), "v0.4.1-0." + revision());
  EXPECT_EQ(version("."), "v3.0.1-0." + revision() + "+incompatible");
}

TEST_F(VersionTest, the_module_file_says_where_the_module_is_and_which_major_version) {
  directory.write("pkg/go.mod", "// x\nmodule example.org/pkg // y\n\ngo 1.20\n");
  directory.commit();
  tag("pkg/v1.4.0");
  tag("pkg/v2.0.0");
  tag("pkg/foo/v7.0.0");
  EXPECT_EQ(version(), "v1.4.0");
  directory.write("pkg/go.mod", "module \"example.org/pkg/v2\"\n");
  directory.commit();
  EXPECT_EQ(version(), "v2.0.1-0." + revision());
  directory.write("pkg/go.mod", "module example.org/pkg/v3\n");
  directory.commit();
  EXPECT_EQ(version(), "v3.0.0-" + revision());
}

TEST_F(VersionTest, a_version_above_1_without_a_module_file_is_incompatible) {
  tag("v2.1.0");
  EXPECT_EQ(version(), "v2.1.0+incompatible");
  change();
  EXPECT_EQ(version(), "v2.1.1-0." + revision() + "+incompatible");
}

TEST_F(VersionTest, a_shallow_clone_knows_only_its_own_tags) {
  tag("v1.0.0");
  change();
  const TemporaryDirectory elsewhere("pkg-test");
  const fs::path clone = elsewhere.path() / "clone";
  directory.git(
      {"clone", "--quiet", "--depth=1", "file://" + directory.root().string(), clone.string()});
  EXPECT_EQ(go_package_version(*git::Repository::discover(clone), clone), "v0.0.0-" + revision());
}

TEST(Version, a_repository_without_commits_has_none) {
  const PackageDirectory directory;
  directory.git({"init", "--quiet", "."});
  EXPECT_EQ(go_package_version(*git::Repository::discover(directory.root()), directory.root()), "");
}

}  // namespace
}  // namespace rtfx::pkg
