// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/challenge.hpp"

#include <gtest/gtest.h>

namespace rtfx::registry {
namespace {

using Parameters = std::map<std::string, std::string>;

TEST(Challenge, of_docker_hub) {
  const auto found = parse_challenges(
      R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push")");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].scheme, "bearer");
  EXPECT_EQ(found[0].parameters, (Parameters{{"realm", "https://auth.docker.io/token"},
                                             {"service", "registry.docker.io"},
                                             {"scope", "repository:a/b:pull,push"}}));
}

TEST(Challenge, several_in_one_header) {
  const auto found = parse_challenges("Negotiate, BASIC Realm = \"a \\\"b\\\"\" , charset=UTF-8");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].scheme, "negotiate");
  EXPECT_EQ(found[1].scheme, "basic");
  EXPECT_EQ(found[1].parameters, (Parameters{{"realm", "a \"b\""}, {"charset", "UTF-8"}}));
}

TEST(Challenge, what_cannot_be_read_ends_the_list) {
  EXPECT_TRUE(parse_challenges("").empty());
  EXPECT_TRUE(parse_challenges(" ,, ").empty());
  EXPECT_TRUE(parse_challenges("\"quoted\"").empty());
  EXPECT_EQ(parse_challenges("Bearer realm=\"open").at(0).parameters.at("realm"), "open");
  EXPECT_EQ(parse_challenges("Bearer =\"x\"").size(), 1u);
  EXPECT_EQ(parse_challenges("Bearer realm=").at(0).parameters.at("realm"), "");
}

TEST(Challenge, all_headers_of_an_answer_count) {
  const Response response{401,
                          {{"www-authenticate", "Basic realm=\"a\""},
                           {"date", "today"},
                           {"www-authenticate", "Bearer realm=\"b\""}},
                          ""};
  EXPECT_EQ(challenges_of(response).size(), 2u);
}

}  // namespace
}  // namespace rtfx::registry
