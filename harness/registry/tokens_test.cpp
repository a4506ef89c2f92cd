// SPDX-License-Identifier: Apache-2.0
//
// How a client answers a registry that wants to know who asks.
#include "harness/registry/tokens.hpp"

#include <gtest/gtest.h>

#include <set>

#include "harness/process/fake_runner.hpp"
#include "harness/registry/publisher.hpp"

namespace rtfx::registry {
namespace {

const oci::Reference image = oci::parse_reference("reg.example.org/demo/one:v1");
constexpr const char* challenge =
    R"(Bearer realm="https://auth.example.org/token?a=b",service="reg",scope="repository:demo/one:pull")";

/// A registry that wants a token, and the authority that gives it: "t1", "t2" ...
class TokenRegistry {
 public:
  explicit TokenRegistry(TestClient& client) {
    client.registry->instead = [this](const Request& request) -> std::optional<Response> {
      if (request.url.starts_with("https://auth.example.org/")) {
        asked.push_back(request);
        if (answer) return *answer;
        return Response{200, {}, R"({"token":"t)" + std::to_string(asked.size()) + "\"}"};
      }
      const std::string sent = FakeRegistry::header_of(request, "Authorization");
      if (sent == "Bearer " + valid) return std::nullopt;
      return Response{401, {{"www-authenticate", challenge}}, ""};
    };
  }

  std::vector<Request> asked;
  std::string valid = "t1";
  std::optional<Response> answer;
};

std::string refusal(TestClient& client) {
  try {
    client->resolve(image);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::host) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST(Tokens, are_fetched_once_for_a_repository) {
  TestClient client;
  TokenRegistry registry(client);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(client->resolve(image));
  ASSERT_EQ(registry.asked.size(), 1u);
  EXPECT_EQ(registry.asked[0].method, "GET");
  EXPECT_EQ(registry.asked[0].url,
            "https://auth.example.org/token?a=b&service=reg&scope=repository%3Ademo%2Fone%3Apull");
  EXPECT_EQ(FakeRegistry::header_of(registry.asked[0], "Authorization"), "");
  EXPECT_EQ(client.registry->requests.size(), 1u + 1u + 3u);
}

TEST(Tokens, that_have_expired_are_replaced) {
  TestClient client;
  TokenRegistry registry(client);
  client->resolve(image);
  registry.valid = "t2";
  EXPECT_FALSE(client->resolve(image));
  EXPECT_EQ(registry.asked.size(), 2u);
}

TEST(Tokens, that_expire_in_the_middle_of_a_push_are_replaced) {
  const auto content = std::make_shared<RegistryContent>();
  // Whatever request it is that comes too late.
  for (std::size_t late = 1; late < 12; ++late) {
    Host host(content);
    host.build("amd64", "late " + std::to_string(late));
    std::size_t given = 0, expired = 0, asked = 0;
    std::set<std::string> used;
    host.client.registry->instead = [&](const Request& request) -> std::optional<Response> {
      if (request.url.starts_with("https://auth.example.org/"))
        return Response{200, {}, R"({"token":"t)" + std::to_string(++given) + "\"}"};
      const std::string sent = FakeRegistry::header_of(request, "Authorization");
      // A token that was good enough before is not any more.
      if (++asked >= late && expired == 0 && used.contains(sent)) expired = given;
      if (sent.empty() || std::stoul(sent.substr(8)) <= expired)
        return Response{401, {{"www-authenticate", challenge}}, ""};
      used.insert(sent);
      return std::nullopt;
    };
    host.push_it();
    EXPECT_GT(expired, 0u) << late;
    EXPECT_EQ(TestClient(content)->find(image, "amd64")->digest,
              host.store.for_arch(*host.store.resolve("one"), "amd64")->digest)
        << late;
  }
}

TEST(Tokens, that_served_another_thread_are_known_to_have_run_out) {
  TestClient client;
  TokenRegistry registry(client);
  process::FakeRunner runner;
  Credentials credentials({.docker_config = client.directory.path() / "config.json"}, runner, {});
  Tokens tokens(*client.registry, credentials, {});
  const Endpoint endpoint = Endpoints({}).to_read("reg.example.org");
  const Response refused{401, {{"www-authenticate", challenge}}, ""};
  const std::string first = tokens.answer(endpoint, {}, "", refused).authorization;
  EXPECT_FALSE(tokens.has_run_out(endpoint, {}, first));
  tokens.has_served(endpoint, {}, first);
  EXPECT_TRUE(tokens.has_run_out(endpoint, {}, first));
  const std::string second = tokens.answer(endpoint, {}, first, refused).authorization;
  EXPECT_TRUE(tokens.has_run_out(endpoint, {}, first));
  EXPECT_FALSE(tokens.has_run_out(endpoint, {}, second));
}

TEST(Tokens, that_are_refused_end_it) {
  TestClient client;
  TokenRegistry registry(client);
  registry.valid = "another";
  EXPECT_NE(refusal(client).find("401 Unauthorized; log in with docker login"), std::string::npos);
  EXPECT_EQ(registry.asked.size(), 1u);
}

TEST(Tokens, are_asked_for_with_the_password) {
  TestClient client(std::make_shared<RegistryContent>(), {.credentials = {"reg.example.org=u:p"}});
  TokenRegistry registry(client);
  client->resolve(image);
  EXPECT_EQ(FakeRegistry::header_of(registry.asked.at(0), "Authorization"),
            "Basic " + base64("u:p"));
}

TEST(Tokens, are_exchanged_for_an_identity_token) {
  TemporaryDirectory directory;
  write_file_atomically(directory.path() / "c",
                        R"({"auths":{"reg.example.org":{"identitytoken":"i&d"}}})");
  TestClient client(std::make_shared<RegistryContent>(), {.docker_config = directory.path() / "c"});
  TokenRegistry registry(client);
  registry.answer = Response{200, {}, R"({"access_token":"t1","expires_in":300})"};
  client->resolve(image);
  const Request& request = registry.asked.at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://auth.example.org/token?a=b");
  EXPECT_EQ(request.body,
            "grant_type=refresh_token&client_id=rtfx&service=reg&refresh_token=i%26d&scope="
            "repository%3Ademo%2Fone%3Apull");
  EXPECT_EQ(FakeRegistry::header_of(request, "Content-Type"), "application/x-www-form-urlencoded");
}

TEST(Tokens, of_the_command_line_are_sent_as_they_are) {
  TestClient client(std::make_shared<RegistryContent>(), {.credentials = {"reg.example.org=t1"}});
  TokenRegistry registry(client);
  EXPECT_FALSE(client->resolve(image));
  EXPECT_TRUE(registry.asked.empty());
}

TEST(Tokens, an_authority_that_refuses_is_told) {
  TestClient client(std::make_shared<RegistryContent>(),
                    {.credentials = {"reg.example.org=u:secret"}});
  TokenRegistry registry(client);
  registry.answer = Response{401, {}, "secret"};
  const std::string message = refusal(client);
  EXPECT_NE(
      message.find("asking https://auth.example.org:443 for a token: HTTP 401; the login from "
                   "--registry-creds is not accepted"),
      std::string::npos)
      << message;
  EXPECT_EQ(message.find("secret"), std::string::npos);
}

TEST(Tokens, an_authority_that_is_busy_is_asked_again) {
  TestClient client;
  TokenRegistry registry(client);
  registry.answer = Response{503, {{"retry-after", "9"}}, ""};
  client.while_waiting = [&] { registry.answer.reset(), registry.valid = "t2"; };
  EXPECT_FALSE(client->resolve(image));
  ASSERT_EQ(client.waits.size(), 1u);
  EXPECT_EQ(client.waits[0], std::chrono::seconds(9));
  EXPECT_EQ(registry.asked.size(), 2u);
}

TEST(Tokens, garbage_is_no_token) {
  for (const char* body :
       {"", "{}", R"({"token":""})", R"({"token":7})", R"({"token":"a\r\nX: y"})"}) {
    TestClient client;
    TokenRegistry registry(client);
    registry.answer = Response{200, {}, body};
    EXPECT_THROW(client->resolve(image), Error) << body;
  }
}

TEST(Tokens, a_password_never_goes_over_plain_http_because_a_registry_says_so) {
  TestClient client(std::make_shared<RegistryContent>(), {.credentials = {"reg.example.org=u:p"}});
  client.registry->instead = [](const Request& request) {
    EXPECT_TRUE(request.url.starts_with("https://reg.example.org/"));
    return Response{401, {{"www-authenticate", "Bearer realm=\"http://auth.example.org/\""}}, ""};
  };
  EXPECT_NE(refusal(client).find("over plain http"), std::string::npos);
}

TEST(Tokens, basic_needs_a_login_and_is_sent_at_once_afterwards) {
  TestClient nobody;
  const auto basic = [](const Request& request) -> std::optional<Response> {
    if (FakeRegistry::header_of(request, "Authorization") == "Basic " + base64("u:p"))
      return std::nullopt;
    return Response{401, {{"www-authenticate", "Basic realm=\"x\""}}, ""};
  };
  nobody.registry->instead = basic;
  EXPECT_NE(refusal(nobody).find("log in with \"docker login reg.example.org\""),
            std::string::npos);

  TestClient client(std::make_shared<RegistryContent>(), {.credentials = {"reg.example.org=u:p"}});
  client.registry->instead = basic;
  EXPECT_FALSE(client->resolve(image));
  EXPECT_FALSE(client->resolve(image));
  EXPECT_EQ(client.registry->requests.size(), 3u);

  TestClient wrong(std::make_shared<RegistryContent>(),
                   {.credentials = {"reg.example.org=u:secret"}});
  wrong.registry->instead = basic;
  refusal(wrong);
  EXPECT_EQ(wrong.registry->requests.size(), 2u);
}

TEST(Tokens, unknown_schemes_are_told) {
  TestClient client;
  client.registry->instead = [](const Request&) {
    return Response{401, {{"www-authenticate", "Negotiate"}}, ""};
  };
  EXPECT_NE(refusal(client).find("it asks for \"negotiate\""), std::string::npos);
}

}  // namespace
}  // namespace rtfx::registry
