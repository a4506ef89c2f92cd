// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/process/process.hpp"

namespace rtfx::pkg {

/// An Error's text, with its code in front.
inline std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return std::to_string(static_cast<int>(error.code())) + " " + error.what();
  }
  return "no error";
}

/// A temporary directory of packages for tests, which can be a git repository.
class PackageDirectory {
 public:
  fs::path root() const { return directory_.path(); }
  fs::path operator/(const fs::path& name) const { return root() / name; }

  void write(const std::string& name, const std::string& content) const {
    fs::create_directories((root() / name).parent_path());
    std::ofstream(root() / name) << content;
  }
  /// build.yml and a Dockerfile.
  void package(const std::string& name, const std::string& build_yml) const {
    write(name + "/build.yml", build_yml);
    write(name + "/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
  }
  std::string git(const std::vector<std::string>& arguments) const {
    process::Command command;
    command.argv = {
        "git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    command.cwd = root();
    command.env = {{"GIT_CONFIG_GLOBAL", "/dev/null"},
                   {"GIT_CONFIG_SYSTEM", "/dev/null"},
                   {"GIT_COMMITTER_DATE", "1700000000 +0000"}};
    command.timeout = std::chrono::seconds(30);
    const auto captured = process::run_captured(process::system_runner(), command);
    EXPECT_TRUE(captured.outcome.ok()) << text::join(arguments, " ") << ": " << captured.err;
    return std::string(text::trim(captured.out));
  }
  void commit() const {
    if (!fs::exists(root() / ".git")) git({"init", "--quiet", "--initial-branch=main", "."});
    git({"add", "--all"});
    git({"commit", "--quiet", "--message", "change"});
  }

 private:
  TemporaryDirectory directory_{"pkg-test"};
};

}  // namespace rtfx::pkg
