// SPDX-License-Identifier: Apache-2.0
#include "harness/git/git.hpp"

#include "harness/git/fixture.hpp"

namespace rtfx::git {
namespace {

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

TEST_F(PackageInGit, the_last_change_is_that_of_gits_log) {
  grow_a_history();
  expect_last_change({"pkg/foo"});
  expect_last_change({"pkg/bar"});
  expect_last_change({"pkg/foobar"});
  expect_last_change({"pkg/foobar", "pkg/bar"});
  expect_last_change({"."});
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

/// "MODE path" of each change.
std::vector<std::string> listed(const std::vector<Change>& changes) {
  std::vector<std::string> result;
  for (const Change& change : changes)
    result.push_back((change.mode.empty() ? "gone" : change.mode) + " " + change.path);
  return result;
}

TEST_F(PackageInGit, changes_are_what_the_work_tree_has_otherwise) {
  const auto repository = Repository::discover(root());
  EXPECT_TRUE(repository->changes(root()).empty());
  write("pkg/foo/build.yml", "image: other\n");
  write("pkg/foo/\xc3\xa4", "new");
  write("pkg/foo/a.o", "ignored");
  fs::remove(root() / "pkg/foo/sub/deep.txt");
  fs::create_symlink("nowhere", root() / "pkg/foo/link");
  ASSERT_EQ(::chmod((root() / "pkg/foo/Dockerfile").c_str(), 0755), 0);
  write("pkg/foobar/build.yml", "image: another\n");
  const auto changes = repository->changes(root() / "pkg/foo");
  EXPECT_EQ(listed(changes),
            (std::vector<std::string>{"100755 pkg/foo/Dockerfile", "100644 pkg/foo/build.yml",
                                      "120000 pkg/foo/link", "gone pkg/foo/sub/deep.txt",
                                      "100644 pkg/foo/\xc3\xa4"}));
  EXPECT_EQ(changes[1].content, Digest::of("image: other\n").hex());
  EXPECT_EQ(changes[2].content, Digest::of("nowhere").hex());
  EXPECT_EQ(changes[3].content, "");
  EXPECT_EQ(listed(repository->changes(root())).size(), 6U);
}

TEST_F(PackageInGit, a_directory_in_the_place_of_a_file_shows_what_is_in_it) {
  fs::remove(root() / "pkg/foo/Dockerfile");
  write("pkg/foo/Dockerfile/inner", "x");
  EXPECT_EQ(
      listed(Repository::discover(root())->changes(root() / "pkg/foo")),
      (std::vector<std::string>{"gone pkg/foo/Dockerfile", "100644 pkg/foo/Dockerfile/inner"}));
}

TEST_F(PackageInGit, files_that_git_does_not_look_at_are_blind_spots) {
  const auto repository = Repository::discover(root());
  EXPECT_FALSE(repository->has_blind_spots(root() / "pkg/foo"));
  run({"update-index", "--assume-unchanged", "pkg/foo/Dockerfile"});
  run({"update-index", "--skip-worktree", "pkg/foo/sub/deep.txt"});
  EXPECT_TRUE(repository->has_blind_spots(root() / "pkg/foo"));
  EXPECT_FALSE(repository->has_blind_spots(root() / "pkg/foobar"));
  EXPECT_TRUE(repository->changes(root() / "pkg/foo").empty());
  write("pkg/foo/Dockerfile", "FROM other\n");
  fs::remove(root() / "pkg/foo/sub/deep.txt");
  expect_same_dirt("pkg/foo", false);
  EXPECT_EQ(listed(repository->changes(root() / "pkg/foo")),
            (std::vector<std::string>{"100644 pkg/foo/Dockerfile", "gone pkg/foo/sub/deep.txt"}));
}

TEST_F(PackageInGit, another_repository_is_a_change_with_all_that_it_has) {
  fs::create_directories(root() / "pkg/foo/nested");
  run({"init", "--quiet", "pkg/foo/nested"});
  write("pkg/foo/nested/file", "x");
  expect_same_dirt("pkg/foo", true);
  const auto changes = Repository::discover(root())->changes(root() / "pkg/foo");
  EXPECT_EQ(listed(changes),
            (std::vector<std::string>{"160000 pkg/foo/nested", "100644 pkg/foo/nested/file"}));
  EXPECT_EQ(changes[0].content, "");
}

TEST_F(PackageInGit, tags_are_those_of_commits) {
  run({"tag", "v1"});
  run({"tag", "--annotate", "--message", "x", "a/v2"});
  run({"tag", "tree", "HEAD^{tree}"});
  write("x", "x");
  commit();
  const auto repository = Repository::discover(root());
  const auto tags = repository->tags();
  ASSERT_EQ(tags.size(), 2U);
  EXPECT_EQ(tags[0].name, "a/v2");
  EXPECT_EQ(tags[1].name, "v1");
  EXPECT_EQ(tags[0].commit, run({"rev-parse", "HEAD~1"}));
  EXPECT_EQ(tags[1].commit, run({"rev-parse", "HEAD~1"}));
}

TEST_F(PackageInGit, ancestors_are_those_that_git_finds) {
  run({"checkout", "--quiet", "-b", "other"});
  write("x", "x");
  commit();
  const std::string other = run({"rev-parse", "HEAD"});
  run({"checkout", "--quiet", "main"});
  write("y", "y");
  commit();
  const auto repository = Repository::discover(root());
  EXPECT_TRUE(repository->head_descends_from(run({"rev-parse", "HEAD"})));
  EXPECT_TRUE(repository->head_descends_from(run({"rev-parse", "HEAD~1"})));
  EXPECT_FALSE(repository->head_descends_from(other));
  // HEAD moves on while the repository is open.
  run({"merge", "--quiet", "--no-ff", "--message", "merge", "other"});
  EXPECT_TRUE(repository->head_descends_from(other));
}

TEST_F(PackageInGit, repositories_are_opened_once) {
  const TemporaryDirectory outside("git-test");
  Repositories repositories;
  Repository* first = repositories.of(root() / "pkg/foo");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(repositories.of(root()), first);
  EXPECT_EQ(repositories.of(root() / "pkg/foobar"), first);
  EXPECT_EQ(repositories.of(outside.path()), nullptr);
  EXPECT_EQ(repositories.of(outside.path() / "missing"), nullptr);
  run({"worktree", "add", "--quiet", (outside.path() / "tree").string()});
  Repository* tree = repositories.of(outside.path() / "tree/pkg");
  ASSERT_NE(tree, nullptr);
  EXPECT_NE(tree, first);
  write("pkg/foo/new", "x");
  EXPECT_TRUE(first->dirty(root() / "pkg/foo")) << "the state is asked for each time";
  EXPECT_FALSE(tree->dirty(outside.path() / "tree/pkg/foo"));
}

TEST_F(PackageInGit, a_damaged_repository_is_not_the_absence_of_one) {
  fs::rename(root() / ".git", root() / "kept");
  const auto message = [&]() -> std::string {
    try {
      return Repository::discover(root() / "pkg/foo") ? "a repository" : "none";
    } catch (const Error& error) {
      return error.what();
    }
  };
  EXPECT_EQ(message(), "none");
  fs::create_directory(root() / ".git");
  EXPECT_NE(message().find(".git is not a git repository"), std::string::npos) << message();
  fs::remove(root() / ".git");
  std::ofstream(root() / ".git") << "gitdir: nowhere\n";
  EXPECT_NE(message().find(".git is not a git repository"), std::string::npos) << message();
  fs::remove(root() / ".git");
  std::ofstream(root() / ".git") << "gitdir: kept\n";
  EXPECT_EQ(message(), "a repository");
}

TEST_F(GitTest, a_repository_without_commits_has_no_head) {
  write("build.yml", "image: x\n");
  const auto repository = Repository::discover(root());
  EXPECT_EQ(repository->head_commit(), std::nullopt);
  EXPECT_EQ(repository->head_time(), 0);
  EXPECT_TRUE(repository->dirty(root()));
  EXPECT_THROW(repository->tree_hash(root(), "HEAD"), Error);
}

TEST(Git, a_directory_outside_git_has_no_repository) {
  const TemporaryDirectory directory("git-test");
  EXPECT_FALSE(Repository::discover(directory.path()));
}

}  // namespace
}  // namespace rtfx::git
