// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/docker_dockerfile.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace rtfx::pkg {
namespace {

/// "LINE SOURCE", or "".
std::string remote(const std::string& dockerfile, const std::vector<std::string>& arguments = {}) {
  const auto found = find_remote_source(dockerfile, arguments);
  return found ? std::to_string(found->line) + " " + found->source : "";
}

TEST(DockerDockerfile, AFrontendIsNotAskedFor) {
  EXPECT_EQ(without_frontend("# syntax=docker/dockerfile:1\nFROM scratch\n"),
            "# rtfx=none\nFROM scratch\n");
  EXPECT_EQ(without_frontend("#!/bin/x\n# escape=`\n#Syntax = a/b:1\r\n# syntax=late\nFROM x"),
            "#!/bin/x\n# escape=`\n# rtfx=none\n# rtfx=none\nFROM x");
  EXPECT_EQ(without_frontend("\xef\xbb\xbf# syntax=a\nFROM x"), "# rtfx=none\nFROM x");
  EXPECT_EQ(without_frontend("// syntax=a\nFROM x"), "# rtfx=none\nFROM x");
}

TEST(DockerDockerfile, WhatIsNoDirectiveStays) {
  for (const std::string text : {"", "FROM scratch", "FROM scratch\n# syntax=docker/dockerfile:1\n",
                                 "# a comment\n# syntax=x\nFROM y\n", "\n# syntax=x\n",
                                 "# syntax=\nFROM x", "# escape=`\nFROM x"})
    EXPECT_EQ(without_frontend(text), text);
}

TEST(DockerDockerfile, SourcesOutsideTheContextAreFound) {
  EXPECT_EQ(remote("FROM scratch\nADD https://example.org/x /\n"), "2 https://example.org/x");
  EXPECT_EQ(remote("FROM scratch\nadd --chown=1:1 a HTTP://x/y b/\n"), "2 HTTP://x/y");
  EXPECT_EQ(remote("FROM scratch\nADD [\"git@github.com:a/b\", \"/\"]\n"), "2 git@github.com:a/b");
  EXPECT_EQ(remote("FROM scratch\n\nADD a \\\n  # why\n  ssh://h/r \\\n  /\n"), "3 ssh://h/r");
  EXPECT_EQ(remote("# escape=`\nFROM x\nADD a `\n git://h/r /\n"), "3 git://h/r");
}

TEST(DockerDockerfile, VariablesCannotHideThem) {
  EXPECT_EQ(remote("ARG U=https://a\nFROM x\nADD $U/b /\n"), "3 https://a/b");
  EXPECT_EQ(remote("FROM x\nARG U\nADD ${U}b /\n", {"U=https://a/"}), "3 https://a/b");
  EXPECT_EQ(remote("FROM x\nARG U=local\nADD $U /\n", {"U=https://a"}), "3 https://a");
  EXPECT_EQ(remote("FROM x\nENV U https://a\nADD $U /\n"), "3 https://a");
  EXPECT_EQ(remote("FROM x\nADD ${U:-https://a} /\n"), "2 https://a");
  EXPECT_EQ(remote("FROM x\nENV A=s B=1\nADD http${A}://${B:+h} /\n"), "3 https://h");
}

TEST(DockerDockerfile, FilesOfTheContextAreNoneOfThem) {
  EXPECT_EQ(remote("FROM x\nADD a.tar /\nCOPY b /https:/\nRUN wget https://a\n# ADD https://a /\n"),
            "");
  EXPECT_EQ(remote("FROM x\nADD a /https://odd\n"), "");
  EXPECT_EQ(remote("FROM x\nADD $UNKNOWN /\nADD ${broken /\nADD\nADD x\n"), "");
  EXPECT_EQ(remote("FROM x\nRUN <<END cat >y\nADD https://a /\nEND\nCOPY <<-'A' <<\"B\" /\nADD "
                   "https://a /\n\tA\nADD "
                   "https://a /\nB\nRUN echo 1 << 2\n"),
            "");
  EXPECT_EQ(remote("FROM x\nRUN <<END\nEND\nADD https://a /\n"), "4 https://a");
  EXPECT_EQ(remote(""), "");
}

}  // namespace
}  // namespace rtfx::pkg
