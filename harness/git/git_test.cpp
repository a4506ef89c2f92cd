// SPDX-License-Identifier: Apache-2.0
#include "harness/git/git.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/process/process.hpp"

namespace rtfx::git {
namespace {

/// A repository made with the git program, which is also the judge of what is right.
class GitTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!process::find_program("git")) GTEST_SKIP() << "git is not installed";
    run({"init", "--quiet", "--initial-branch=main", "."});
  }

  std::string run(const std::vector<std::string>& arguments) {
    process::Command command;
    command.argv = {
        "git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    command.cwd = root();
    command.env = {{"GIT_CONFIG_GLOBAL", "/dev/null"}, {"GIT_CONFIG_SYSTEM", "/dev/null"}};
    command.timeout = std::chrono::seconds(30);
    const auto captured = process::run_captured(process::system_runner(), command);
    EXPECT_TRUE(captured.outcome.ok()) << text::join(arguments, " ") << ": " << captured.err;
    return std::string(text::trim(captured.out));
  }
  void write(const std::string& name, const std::string& content) {
    fs::create_directories((root() / name).parent_path());
    std::ofstream(root() / name) << content;
  }
  void commit() {
    run({"add", "--all"});
    run({"commit", "--quiet", "--message", "change"});
  }
  /// What linuxkit asks git for: a difference to HEAD, or a file that is new and not ignored.
  bool git_says_dirty(const std::string& path) {
    const bool untracked = !run({"ls-files", "--exclude-standard", "--others", "--", path}).empty();
    return untracked || !run({"diff", "--no-ext-diff", "HEAD", "--", path}).empty();
  }
  void expect_same_dirt(const std::string& path, bool dirty) {
    EXPECT_EQ(git_says_dirty(path), dirty) << path;
    EXPECT_EQ(Repository::discover(root() / path)->dirty(root() / path), dirty) << path;
  }
  fs::path root() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_{"git-test"};
};

/// A repository with a package and a neighbour, clean.
class PackageInGit : public GitTest {
 protected:
  void SetUp() override {
    GitTest::SetUp();
    if (IsSkipped()) return;
    write("pkg/foo/build.yml", "image: foo\n");
    write("pkg/foo/Dockerfile", "FROM scratch\n");
    write("pkg/foo/sub/deep.txt", "deep");
    write("pkg/foobar/build.yml", "image: foobar\n");
    write(".gitignore", "*.o\n");
    commit();
  }
};

TEST_F(PackageInGit, tree_hashes_equal_those_of_git) {
  const auto repository = Repository::discover(root() / "pkg" / "foo");
  EXPECT_EQ(repository->tree_hash(root() / "pkg/foo", "HEAD"), run({"rev-parse", "HEAD:pkg/foo"}));
  EXPECT_EQ(repository->tree_hash(root() / "pkg/foo/sub/", "HEAD"),
            run({"rev-parse", "HEAD:pkg/foo/sub"}));
  EXPECT_EQ(repository->tree_hash(root(), "HEAD"), run({"rev-parse", "HEAD^{tree}"}));
  EXPECT_EQ(repository->tree_hash(root() / "pkg/foo/../foobar", "main"),
            run({"rev-parse", "HEAD:pkg/foobar"}));
  EXPECT_EQ(repository->head_commit(), run({"rev-parse", "HEAD"}));
  EXPECT_EQ(std::to_string(repository->head_time()), run({"show", "--no-patch", "--format=%ct"}));
}

TEST_F(PackageInGit, an_older_commit_gives_its_tree) {
  const std::string old = run({"rev-parse", "HEAD:pkg/foo"});
  write("pkg/foo/build.yml", "image: foo\norg: x\n");
  commit();
  const auto repository = Repository::discover(root());
  EXPECT_EQ(repository->tree_hash(root() / "pkg/foo", "HEAD~1"), old);
  EXPECT_NE(repository->tree_hash(root() / "pkg/foo", "HEAD"), old);
}

TEST_F(PackageInGit, a_clean_package_is_clean) {
  expect_same_dirt("pkg/foo", false);
  expect_same_dirt(".", false);
}

TEST_F(PackageInGit, an_edit_is_dirt_for_its_package_only) {
  write("pkg/foo/build.yml", "image: other\n");
  expect_same_dirt("pkg/foo", true);
  expect_same_dirt("pkg/foo/sub", false);
  // "pkg/foo" is a prefix of this name and still another directory.
  expect_same_dirt("pkg/foobar", false);
}

TEST_F(PackageInGit, an_untracked_file_is_dirt) {
  write("pkg/foobar/new/er.txt", "x");
  expect_same_dirt("pkg/foobar", true);
  expect_same_dirt("pkg/foo", false);
}

TEST_F(PackageInGit, an_ignored_file_is_no_dirt) {
  write("pkg/foo/a.o", "x");
  expect_same_dirt("pkg/foo", false);
}

TEST_F(PackageInGit, a_change_of_mode_is_dirt) {
  ASSERT_EQ(::chmod((root() / "pkg/foo/Dockerfile").c_str(), 0755), 0);
  expect_same_dirt("pkg/foo", true);
}

TEST_F(PackageInGit, a_deletion_is_dirt) {
  fs::remove(root() / "pkg/foo/sub/deep.txt");
  expect_same_dirt("pkg/foo", true);
}

TEST_F(PackageInGit, a_staged_change_is_dirt) {
  write("pkg/foo/Dockerfile", "FROM other\n");
  run({"add", "pkg/foo"});
  expect_same_dirt("pkg/foo", true);
}

TEST_F(PackageInGit, a_staged_change_that_was_undone_in_the_work_tree_is_no_dirt) {
  write("pkg/foo/Dockerfile", "FROM other\n");
  run({"add", "pkg/foo"});
  write("pkg/foo/Dockerfile", "FROM scratch\n");
  // What is built is what HEAD has; git diff HEAD sees no difference, either.
  expect_same_dirt("pkg/foo", false);
}

TEST_F(PackageInGit, touching_a_file_is_no_dirt) {
  const timespec times[] = {{1, 0}, {1, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (root() / "pkg/foo/Dockerfile").c_str(), times, 0), 0);
  expect_same_dirt("pkg/foo", false);
}

TEST_F(PackageInGit, a_retargeted_symlink_is_dirt) {
  fs::create_symlink("build.yml", root() / "pkg/foo/link");
  commit();
  expect_same_dirt("pkg/foo", false);
  fs::remove(root() / "pkg/foo/link");
  fs::create_symlink("Dockerfile", root() / "pkg/foo/link");
  expect_same_dirt("pkg/foo", true);
}

TEST_F(PackageInGit, names_with_spaces_stars_and_umlauts_are_names) {
  write("pkg/fo* \xc3\xa4/build.yml", "image: x\n");
  commit();
  const fs::path path = root() / "pkg" / "fo* \xc3\xa4";
  const auto repository = Repository::discover(path);
  EXPECT_EQ(repository->tree_hash(path, "HEAD"), run({"rev-parse", "HEAD:pkg/fo* \xc3\xa4"}));
  write("pkg/foo/build.yml", "image: changed\n");
  EXPECT_FALSE(repository->dirty(path));
}

TEST_F(PackageInGit, the_content_hash_covers_tracked_files_then_untracked_ones) {
  write("pkg/foo/zz.txt", "untracked");
  write("pkg/foo/a.o", "ignored");
  const auto repository = Repository::discover(root());
  EXPECT_EQ(repository->content_hash(root() / "pkg/foo"),
            Digest::of("FROM scratch\nimage: foo\ndeepuntracked").hex());
}

TEST_F(PackageInGit, the_content_hash_changes_with_a_second_edit) {
  const auto repository = Repository::discover(root());
  write("pkg/foo/Dockerfile", "FROM one\n");
  const std::string first = repository->content_hash(root() / "pkg/foo");
  write("pkg/foo/Dockerfile", "FROM two\n");
  EXPECT_NE(repository->content_hash(root() / "pkg/foo"), first);
}

TEST_F(PackageInGit, a_directory_that_is_not_committed_is_an_error) {
  write("pkg/new/build.yml", "image: new\n");
  try {
    Repository::discover(root())->tree_hash(root() / "pkg/new", "HEAD");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("pkg/new is not in git"), std::string::npos)
        << error.what();
  }
}

TEST_F(PackageInGit, an_unknown_commit_is_an_error) {
  EXPECT_THROW(Repository::discover(root())->tree_hash(root(), "nosuch"), Error);
}

TEST_F(PackageInGit, a_link_to_the_repository_leads_to_the_same_package) {
  const TemporaryDirectory elsewhere("git-test");
  const fs::path link = elsewhere.path() / "link";
  fs::create_directory_symlink(root(), link);
  EXPECT_EQ(Repository::discover(link / "pkg/foo")->tree_hash(link / "pkg/foo", "HEAD"),
            run({"rev-parse", "HEAD:pkg/foo"}));
  EXPECT_FALSE(Repository::discover(link / "pkg/foo")->dirty(link / "pkg/foo"));
}

TEST_F(PackageInGit, a_tree_of_another_owner_is_accepted) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  for (const auto& entry : fs::recursive_directory_iterator(root())) {
    ASSERT_EQ(::lchown(entry.path().c_str(), 12345, 12345), 0);
  }
  ASSERT_EQ(::chown(root().c_str(), 12345, 12345), 0);
  EXPECT_FALSE(Repository::discover(root())->tree_hash(root() / "pkg/foo", "HEAD").empty());
}

TEST_F(PackageInGit, a_linked_work_tree_is_a_repository) {
  const TemporaryDirectory elsewhere("git-test");
  const fs::path tree = elsewhere.path() / "tree";
  run({"worktree", "add", "--quiet", tree.string()});
  EXPECT_EQ(Repository::discover(tree / "pkg/foo")->tree_hash(tree / "pkg/foo", "HEAD"),
            run({"rev-parse", "HEAD:pkg/foo"}));
}

TEST_F(GitTest, a_repository_without_commits_has_no_head) {
  write("build.yml", "image: x\n");
  const auto repository = Repository::discover(root());
  EXPECT_EQ(repository->head_commit(), std::nullopt);
  EXPECT_EQ(repository->head_time(), 0);
  EXPECT_TRUE(repository->dirty(root()));
  EXPECT_THROW(repository->tree_hash(root(), "HEAD"), Error);
}

class Sha256Repository : public GitTest {
 protected:
  void SetUp() override {
    GitTest::SetUp();
    if (IsSkipped()) return;
    fs::remove_all(root() / ".git");
    run({"init", "--quiet", "--object-format=sha256", "--initial-branch=main", "."});
    write("pkg/foo/build.yml", "image: foo\n");
    write(".gitignore", "*.o\n");
    commit();
  }
};

TEST_F(Sha256Repository, has_hashes_of_64_digits) {
  const auto repository = Repository::discover(root() / "pkg/foo");
  const std::string hash = repository->tree_hash(root() / "pkg/foo", "HEAD");
  EXPECT_EQ(hash, run({"rev-parse", "HEAD:pkg/foo"}));
  EXPECT_EQ(hash.size(), 64U);
  EXPECT_EQ(repository->tree_hash(root(), "main"), run({"rev-parse", "HEAD^{tree}"}));
  EXPECT_EQ(repository->head_commit(), run({"rev-parse", "HEAD"}));
  EXPECT_EQ(std::to_string(repository->head_time()), run({"show", "--no-patch", "--format=%ct"}));
  EXPECT_EQ(repository->root(), root());
}

TEST_F(Sha256Repository, sees_dirt_as_git_does) {
  expect_same_dirt("pkg/foo", false);
  write("pkg/foo/x.o", "ignored");
  expect_same_dirt("pkg/foo", false);
  write("pkg/foo/new", "new");
  expect_same_dirt("pkg/foo", true);
  expect_same_dirt(".", true);
  EXPECT_EQ(Repository::discover(root())->content_hash(root() / "pkg/foo"),
            Digest::of("image: foo\nnew").hex());
}

TEST(Git, a_directory_outside_git_has_no_repository) {
  const TemporaryDirectory directory("git-test");
  EXPECT_FALSE(Repository::discover(directory.path()));
}

}  // namespace
}  // namespace rtfx::git
