// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/reference.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/error.hpp"

namespace rtfx::oci {
namespace {

const std::string digest = "sha256:" + std::string(64, 'a');

TEST(Reference, is_expanded_as_docker_does) {
  const std::pair<const char*, const char*> cases[] = {
      {"busybox:1", "docker.io/library/busybox:1"},
      {"linuxkit/foo:x", "docker.io/linuxkit/foo:x"},
      {"my.reg.io:5000/x/foo:y", "my.reg.io:5000/x/foo:y"},
      {"localhost/foo:y", "localhost/foo:y"},
      {"reg:5000/foo", "reg:5000/foo"},
      {"a/b/c:d", "a/b/c:d"},
      {"/foo:x", "docker.io//foo:x"}};
  for (const auto& [ref, expected] : cases) EXPECT_EQ(expand_reference(ref), expected);
}

struct Row {
  std::string text, registry, repository, tag, familiar;
};

TEST(Reference, is_read_into_its_parts) {
  const Row rows[] = {
      {"redis", "docker.io", "library/redis", "latest", "redis:latest"},
      {"redis:7", "docker.io", "library/redis", "7", "redis:7"},
      {"linuxkit/init:v1", "docker.io", "linuxkit/init", "v1", "linuxkit/init:v1"},
      {"docker.io/redis", "docker.io", "library/redis", "latest", "redis:latest"},
      {"index.docker.io/a/b", "docker.io", "a/b", "latest", "a/b:latest"},
      {"docker.io/library/a/b:c", "docker.io", "library/a/b", "c", "library/a/b:c"},
      {"a/b/c:d", "docker.io", "a/b/c", "d", "a/b/c:d"},
      {"localhost/x", "localhost", "x", "latest", "localhost/x:latest"},
      {"localhost:5000", "docker.io", "library/localhost", "5000", "localhost:5000"},
      {"127.0.0.1:5000/x/y:z", "127.0.0.1:5000", "x/y", "z", "127.0.0.1:5000/x/y:z"},
      {"[::1]:5000/x", "[::1]:5000", "x", "latest", "[::1]:5000/x:latest"},
      {"[2001:db8::1]/x", "[2001:db8::1]", "x", "latest", "[2001:db8::1]/x:latest"},
      {"Registry/x", "Registry", "x", "latest", "Registry/x:latest"},
      {"r.example.org/a__b/c-d/e---f.g_h:V1.2_3-x", "r.example.org", "a__b/c-d/e---f.g_h",
       "V1.2_3-x", "r.example.org/a__b/c-d/e---f.g_h:V1.2_3-x"},
  };
  for (const Row& row : rows) {
    const Reference read = parse_reference(row.text);
    EXPECT_EQ(read.registry, row.registry) << row.text;
    EXPECT_EQ(read.repository, row.repository) << row.text;
    EXPECT_EQ(read.tag, row.tag) << row.text;
    EXPECT_FALSE(read.digest) << row.text;
    EXPECT_EQ(read.familiar(), row.familiar) << row.text;
    EXPECT_EQ(parse_reference(read.str()), read) << row.text;
    EXPECT_EQ(parse_reference(read.familiar()), read) << row.text;
  }
}

TEST(Reference, may_have_a_digest) {
  const Reference alone = parse_reference("linuxkit/init@" + digest);
  EXPECT_EQ(alone.tag, "");
  EXPECT_EQ(alone.digest->str(), digest);
  EXPECT_EQ(alone.str(), "docker.io/linuxkit/init@" + digest);
  const Reference both = parse_reference("reg:5000/x:v1@" + digest);
  EXPECT_EQ(both.tag, "v1");
  EXPECT_EQ(both.str(), "reg:5000/x:v1@" + digest);
  EXPECT_EQ(both.with_tag("v2").str(), "reg:5000/x:v2");
  EXPECT_EQ(both.with_tag("v2").with_digest(*both.digest).str(), "reg:5000/x@" + digest);
}

TEST(Reference, what_is_none_is_refused_with_a_reason) {
  const std::pair<std::string, const char*> rows[] = {
      {"", "is empty"},
      {":x", "no repository"},
      {"@" + digest, "no repository"},
      {"/x", "a part of the repository is empty"},
      {"a//b", "a part of the repository is empty"},
      {"a/", "a part of the repository is empty"},
      {"reg:5000/", "no repository"},
      {"a/B", "lower case"},
      {"Redis", "lower case"},
      {"a/b:", "the tag \"\""},
      {"a/b:.x", "the tag \".x\""},
      {"a/b:-x", "the tag \"-x\""},
      {"a/b:" + std::string(129, 'x'), "the tag"},
      {"a/b:c:d", "the tag \"c:d\""},
      {"a/b:c d", "the tag \"c d\""},
      {"a/b@sha256:12", "what follows the @"},
      {"a/b@md5:" + std::string(32, 'a'), "what follows the @"},
      {"a/b@" + digest + "@" + digest, "what follows the @"},
      {"a/b_", "single . _ or -"},
      {"a/-b", "single . _ or -"},
      {"a/b..c", "single . _ or -"},
      {"a/b___c", "single . _ or -"},
      {"a/../b", "single . _ or -"},
      {"a/b%2e", "single . _ or -"},
      {"a/b\nc", "\\x0a"},
      {"reg:port/x", "HOST[:PORT]"},
      {"reg:99999/x", "HOST[:PORT]"},
      {"reg:123456/x", "HOST[:PORT]"},
      {"reg:/x", "HOST[:PORT]"},
      {"-a.b/x", "HOST[:PORT]"},
      {"a..b/x", "HOST[:PORT]"},
      {"[::1/x", "HOST[:PORT]"},
      {"[x]/y", "HOST[:PORT]"},
      {"user:pass@reg.io/x", "what follows the @"},
      {"https://user:pass@reg.io/x", "a name has no such beginning"},
      {"reg.io/" + std::string(250, 'x'), "more than 255"},
  };
  for (const auto& [text, says] : rows) {
    try {
      parse_reference(text);
      ADD_FAILURE() << text << " was read";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage) << text;
      const std::string message = error.what();
      EXPECT_NE(message.find(says), std::string::npos) << text << ": " << message;
      EXPECT_EQ(message.find('\n'), std::string::npos) << text;
      EXPECT_EQ(message.find("pass"), std::string::npos) << text;
    }
  }
}

TEST(Reference, tags_given_later_are_checked_too) {
  const Reference reference = parse_reference("a/b");
  for (const char* tag : {"", "x y", ".x", "a:b", "a/b"})
    EXPECT_THROW(reference.with_tag(tag), Error) << tag;
}

}  // namespace
}  // namespace rtfx::oci
