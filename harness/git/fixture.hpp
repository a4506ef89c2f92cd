// SPDX-License-Identifier: Apache-2.0
//
// For unit tests.
#pragma once

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
#include "harness/git/git.hpp"
#include "harness/process/process.hpp"

namespace rtfx::git {

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
  /// The last change of some paths, beside git's own opinion.
  void expect_last_change(const std::vector<std::string>& paths) {
    std::vector<std::string> arguments{"log", "--first-parent", "-1", "--format=%H", "HEAD", "--"};
    arguments.insert(arguments.end(), paths.begin(), paths.end());
    std::vector<fs::path> directories;
    for (const std::string& path : paths) directories.push_back(root() / path);
    const auto found = Repository::discover(root())->last_change(directories);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->id, run(arguments)) << text::join(paths, " ");
    EXPECT_EQ(std::to_string(found->time), run({"show", "--no-patch", "--format=%ct", found->id}));
  }
  void grow_a_history() {
    write("pkg/foo/x", "1");
    commit();
    write("pkg/bar/y", "1");
    commit();
    run({"checkout", "--quiet", "-b", "side", "HEAD~1"});
    write("pkg/foo/z", "1");
    commit();
    run({"checkout", "--quiet", "main"});
    run({"merge", "--quiet", "--no-edit", "side"});
    write("README", "1");
    commit();
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

}  // namespace rtfx::git
