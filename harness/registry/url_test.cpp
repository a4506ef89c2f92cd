// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/url.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace rtfx::registry {
namespace {

TEST(Url, has_an_origin_with_its_port) {
  EXPECT_EQ(parse_url("https://Reg.example.org/v2/").origin(), "https://reg.example.org:443");
  EXPECT_EQ(parse_url("http://[::1]:5000/v2/").origin(), "http://::1:5000");
  EXPECT_EQ(parse_url("http://a:80").origin(), parse_url("http://A/x?y").origin());
}

TEST(Url, drops_user_password_and_fragment) {
  EXPECT_EQ(parse_url("https://user:secret@a.example.org/x#part").text, "https://a.example.org/x");
}

TEST(Url, others_are_refused) {
  for (const char* text : {"", "ftp://a/", "file:///etc/passwd", "a b", "/v2/", "http://"})
    EXPECT_THROW(parse_url(text), Error) << text;
}

TEST(Url, a_location_may_be_relative) {
  const Url base = parse_url("https://a.example.org/v2/x/blobs/uploads/");
  EXPECT_EQ(resolve_location(base, "/v2/x/1?state=%2F").text,
            "https://a.example.org/v2/x/1?state=%2F");
  EXPECT_EQ(resolve_location(base, "https://b.example.org/y").text, "https://b.example.org/y");
  EXPECT_EQ(resolve_location(base, "1").text, "https://a.example.org/v2/x/blobs/uploads/1");
  EXPECT_EQ(resolve_location(base, "//c.example.org/z").text, "https://c.example.org/z");
  EXPECT_THROW(resolve_location(base, "file:///etc/passwd"), Error);
}

TEST(Url, queries_are_encoded) {
  EXPECT_EQ(with_query("http://a/b", "digest", "sha256:0"), "http://a/b?digest=sha256%3A0");
  EXPECT_EQ(with_query("http://a/b?c=d", "e", "f g&h"), "http://a/b?c=d&e=f%20g%26h");
}

TEST(Url, knows_this_machine) {
  for (const char* host : {"localhost", "127.0.0.1", "127.1.2.3", "::1", "x.localhost"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host :
       {"127.0.0.1.example.org", "example.org", "::2", "128.0.0.1", "localhost.example.org"})
    EXPECT_FALSE(is_loopback(host)) << host;
}

}  // namespace
}  // namespace rtfx::registry
