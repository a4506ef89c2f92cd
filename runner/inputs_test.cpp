// SPDX-License-Identifier: Apache-2.0
#include "runner/inputs.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/process/process.hpp"

namespace rtfx::runner {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

/// A project in git with two packages, an image and a case that declares inputs.
class Inputs : public testing::Test {
 protected:
  Inputs() {
    write("rtfx.yml", "");
    for (const char* name : {"init", "redis"}) {
      write(std::string("pkg/") + name + "/build.yml", std::string("image: ") + name + "\n");
      write(std::string("pkg/") + name + "/Dockerfile", "FROM scratch\n");
    }
    write("examples/redis.yml",
          "init:\n  - \"@pkg:../pkg/init\"\nservices:\n  - name: redis\n    image: other/redis:1\n"
          "files:\n  - path: etc/motd\n    source: " +
              (root() / "motd").string() + "\n    mode: \"0644\"\n");
    write("motd", "hello\n");
    write("cases/group.sh", "# NAME: top\n");
    write("cases/_lib/lib.sh", "true\n");
    write("cases/g/group.sh", "true\n");
    write("cases/g/t/test.sh", "# INPUTS: ../../_lib/*.sh\n");
    write("cases/g/t/data", "1\n");
    write("cases/plain/test.sh", "true\n");
    write("share/lib.sh", "true\n");
    setenv("RTFX_SHARE", (root() / "share").c_str(), 1);
    git({"init", "--quiet", "--initial-branch=main", "."});
    commit();
    options_.arches = {ArchTable::builtin().find("amd64")};
  }
  ~Inputs() override { unsetenv("RTFX_SHARE"); }

  const fs::path& root() const { return directory_.path(); }
  void write(const std::string& file, const std::string& text) const {
    write_file_atomically(root() / file, text);
  }
  void declare(const std::string& inputs) const {
    write("cases/g/t/test.sh", "#!/bin/sh\n# INPUTS: " + inputs + "\n");
  }
  void git(const std::vector<std::string>& arguments) const {
    process::Command command;
    command.argv = {"git", "-c", "user.name=t", "-c", "user.email=t@example.org"};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    command.cwd = root();
    command.env = {{"GIT_CONFIG_GLOBAL", "/dev/null"}, {"GIT_CONFIG_SYSTEM", "/dev/null"}};
    command.timeout = std::chrono::seconds(30);
    const auto captured = process::run_captured(process::system_runner(), command);
    ASSERT_TRUE(captured.outcome.ok()) << captured.err;
  }
  void commit() const {
    git({"add", "--all"});
    git({"commit", "--quiet", "--message", "change"});
  }

  /// As a new run of rtfx computes it.
  std::string key(const std::string& name = "top.g.t") const {
    Diagnostics diagnostics;
    const auto tree = load_tree(root() / "cases", diagnostics);
    diagnostics.throw_if_any();
    std::optional<Project> project;
    if (in_project_) {
      project.emplace();
      project->root = root();
      project->org = "linuxkit";
      project->arches.emplace_back().name = "amd64";
      project->packages = {root() / "pkg/init", root() / "pkg/redis"};
    }
    const InputKeys keys = make_input_keys(project, options_);
    for (const Case* test : all_cases(*tree)) {
      if (test->name == name) return keys(*test, options_.arches.front());
    }
    throw Error("no case " + name);
  }

  std::string refusal(const std::string& inputs) const {
    declare(inputs);
    try {
      return "accepted: " + key();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      return error.what();
    }
  }

  /// Every change must make a key that was not there before.
  template <typename Change>
  void expect_change(const char* what, Change change) {
    const std::string before = key();
    change();
    EXPECT_NE(key(), before) << what;
  }

  TemporaryDirectory directory_{"inputs"};
  bool in_project_ = true;
  RunOptions options_;
};

TEST_F(Inputs, a_case_that_declares_none_has_no_key) {
  EXPECT_EQ(key("top.plain"), "");
  EXPECT_THAT(key(), testing::MatchesRegex("[0-9a-f]{64}"));
  EXPECT_EQ(key(), key());
}

TEST_F(Inputs, of_a_group_are_those_of_its_cases) {
  write("cases/group.sh", "# NAME: top\n# INPUTS: _lib\n");
  const std::string before = key("top.plain");
  EXPECT_NE(before, "");
  write("cases/_lib/lib.sh", "false\n");
  EXPECT_NE(key("top.plain"), before);
}

TEST_F(Inputs, anything_that_changes_in_the_case_changes_the_key) {
  const fs::path data = root() / "cases/g/t/data";
  expect_change("content", [&] { write("cases/g/t/data", "2\n"); });
  expect_change("mode", [&] { ::chmod(data.c_str(), 0755); });
  expect_change("name", [&] { fs::rename(data, root() / "cases/g/t/atad"); });
  expect_change("new file", [&] { write("cases/g/t/sub/file", ""); });
  expect_change("new folder", [&] { fs::create_directory(root() / "cases/g/t/empty"); });
  expect_change("link", [&] { fs::create_symlink("atad", root() / "cases/g/t/link"); });
  expect_change("behind the link", [&] { write("cases/g/t/atad", "3\n"); });
  expect_change("dangling link",
                [&] { fs::create_symlink("nowhere", root() / "cases/g/t/dangling"); });
  expect_change("script", [&] {
    write("cases/g/t/test.sh", "# INPUTS: data*  ../../_lib\nexit 0\n"),
        write("cases/g/t/data", "");
  });
  expect_change("gone", [&] { fs::remove(root() / "cases/g/t/atad"); });
}

TEST_F(Inputs, scripts_around_the_case_count) {
  expect_change("group.sh", [&] { write("cases/g/group.sh", "false\n"); });
  expect_change("outer group.sh", [&] { write("cases/group.sh", "# NAME: top\nfalse\n"); });
  expect_change("pre-test.sh", [&] { write("cases/pre-test.sh", "true\n"); });
  expect_change("post-test.sh", [&] { write("cases/post-test.sh", "true\n"); });
  expect_change("shell library", [&] { write("share/lib.sh", "false\n"); });
  expect_change("utilities", [&] { write("share/utils/rt-new", "false\n"); });
  const std::string before = key();
  write("cases/plain/test.sh", "false\n");
  write("cases/_other/file", "false\n");
  EXPECT_EQ(key(), before) << "what was not declared does not count";
}

TEST_F(Inputs, the_variant_counts) {
  write("cases/g/group.sh", "# VARIANTS: x.y y\n");
  const std::string other = key("top.g.y.t");
  const std::string before = key("top.g.x.y.t");
  EXPECT_NE(before, other);
  fs::rename(root() / "cases/g", root() / "cases/g.x");
  EXPECT_NE(key("top.g.x.y.t"), before) << "the same name, of the variant y";
}

TEST_F(Inputs, the_run_counts) {
  expect_change("labels", [&] { options_.labels = "slow"; });
  expect_change("no labels", [&] { options_.labels = "!slow"; });
  expect_change("environment", [&] { options_.env["A"] = "1"; });
  expect_change("its value", [&] { options_.env["A"] = "2"; });
  expect_change("arch", [&] { options_.arches = {ArchTable::builtin().find("arm64")}; });
  expect_change("row of the arch", [&] { options_.arches.front().cpu = "other"; });
  const std::string before = key();
  options_.env["RTFX_PROJECT"] = root().string();
  EXPECT_EQ(key(), before) << "where the project lies is no input";
}

TEST_F(Inputs, files_folders_and_globs) {
  expect_change("glob", [&] { write("cases/_lib/lib.sh", "false\n"); });
  expect_change("one more", [&] { write("cases/_lib/more.sh", ""); });
  const std::string before = key();
  write("cases/_lib/notes.txt", "");
  EXPECT_EQ(key(), before) << "*.sh does not find it";
  declare("/examples");
  expect_change("folder from the project", [&] { write("examples/new.yml", ""); });
  in_project_ = false;
  declare("/_lib");
  expect_change("from the cases", [&] { write("cases/_lib/lib.sh", "other\n"); });
}

TEST_F(Inputs, folders_with_odd_names) {
  fs::rename(root() / "cases/g/t", root() / "cases/g/[x] \\*");
  write("cases/g/[x] \\*/test.sh", "# INPUTS: dat?\n");
  EXPECT_THAT(key("top.g.[x] \\*"), testing::MatchesRegex("[0-9a-f]{64}"));
}

TEST_F(Inputs, a_link_to_its_own_folder_ends) {
  fs::create_directory_symlink(".", root() / "cases/g/t/loop");
  expect_change("behind a loop", [&] { write("cases/g/t/data", "3\n"); });
}

TEST_F(Inputs, a_package_counts_with_its_tag_and_its_changes) {
  declare("package:redis");
  expect_change("uncommitted", [&] { write("pkg/redis/Dockerfile", "FROM scratch\nUSER 1\n"); });
  expect_change("mode of a changed package",
                [&] { ::chmod((root() / "pkg/redis/Dockerfile").c_str(), 0755); });
  expect_change("untracked", [&] { write("pkg/redis/new", ""); });
  expect_change("name", [&] { fs::rename(root() / "pkg/redis/new", root() / "pkg/redis/newer"); });
  expect_change("committed", [&] { commit(); });
  const std::string before = key();
  write("pkg/init/Dockerfile", "FROM scratch\nUSER 1\n");
  EXPECT_EQ(key(), before) << "another package";
}

TEST_F(Inputs, an_image_counts_with_its_packages_and_files) {
  declare("image:/examples/redis.yml");
  expect_change("its package", [&] { write("pkg/init/Dockerfile", "FROM scratch\nUSER 1\n"); });
  expect_change("its file", [&] { write("motd", "bye\n"); });
  expect_change("its bytes", [&] {
    write("examples/redis.yml", read_file(root() / "examples/redis.yml") + "# more\n");
  });
  const std::string before = key();
  write("pkg/redis/Dockerfile", "FROM scratch\nUSER 2\n");
  EXPECT_EQ(key(), before) << "a package that it does not name";
}

TEST_F(Inputs, what_finds_nothing_is_told_with_its_place) {
  EXPECT_THAT(refusal("data*, nothing*"),
              ContainsRegex("cases/g/t/test.sh:2: INPUTS: \"nothing\\*\" finds nothing in "));
  EXPECT_THAT(refusal("package:rediss"),
              HasSubstr("the project has no package \"rediss\"; did you mean \"redis\"?"));
  EXPECT_THAT(refusal("image:none.yml"), HasSubstr("test.sh:2: INPUTS: there is no image YAML "));
  write("examples/bad.yml", "kernel: [\n");
  EXPECT_THAT(refusal("image:/examples/bad.yml"), HasSubstr("the image cannot be read"));
  write("examples/lost.yml", "init:\n  - \"@pkg:../pkg/lost\"\n");
  EXPECT_THAT(refusal("image:/examples/lost.yml"), HasSubstr("pkg/lost"));
  in_project_ = false;
  EXPECT_THAT(refusal("package:redis"), HasSubstr("needs a project"));
}

}  // namespace
}  // namespace rtfx::runner
