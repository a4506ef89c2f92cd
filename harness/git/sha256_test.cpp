// SPDX-License-Identifier: Apache-2.0
#include "harness/git/fixture.hpp"

namespace rtfx::git {
namespace {

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
  run({"tag", "v1"});
  ASSERT_EQ(repository->tags().size(), 1U);
  EXPECT_TRUE(repository->head_descends_from(repository->tags()[0].commit));
  EXPECT_THROW(repository->tree_hash(root(), "nosuch"), Error);
  EXPECT_THROW(repository->tree_hash(root() / "pkg/bar", "HEAD"), Error);
}

TEST_F(Sha256Repository, the_last_change_is_that_of_gits_log) {
  grow_a_history();
  expect_last_change({"pkg/foo"});
  expect_last_change({"pkg/foobar", "pkg/bar"});
  expect_last_change({"."});
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
  const auto changes = Repository::discover(root())->changes(root() / "pkg/foo");
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].path, "pkg/foo/new");
  EXPECT_EQ(changes[0].content, Digest::of("new").hex());
  run({"update-index", "--skip-worktree", "pkg/foo/build.yml"});
  EXPECT_TRUE(Repository::discover(root())->has_blind_spots(root()));
  EXPECT_EQ(Repository::discover(root())->changes(root() / "pkg/foo").size(), 1U);
  write("pkg/foo/build.yml", "image: x\n");
  EXPECT_EQ(Repository::discover(root())->changes(root() / "pkg/foo").size(), 2U);
}

TEST_F(Sha256Repository, without_commits_has_no_head) {
  fs::remove_all(root() / ".git");
  run({"init", "--quiet", "--object-format=sha256", "--initial-branch=main", "."});
  const auto repository = Repository::discover(root());
  EXPECT_EQ(repository->head_commit(), std::nullopt);
  EXPECT_TRUE(repository->dirty(root()));
  EXPECT_THROW(repository->tree_hash(root(), "HEAD"), Error);
}
}  // namespace
}  // namespace rtfx::git
