// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/credentials.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/process/fake_runner.hpp"

namespace rtfx::registry {
namespace {

class CredentialsTest : public ::testing::Test {
 protected:
  /// Credentials with this docker configuration.
  Credentials with(const std::string& config, std::vector<std::string> given = {}) {
    write_file_atomically(directory_.path() / "config.json", config);
    return Credentials(
        {.credentials = std::move(given), .docker_config = directory_.path() / "config.json"},
        runner_, {});
  }
  std::string refusal(const std::string& config, std::vector<std::string> given = {}) {
    try {
      with(config, std::move(given)).find("docker.io");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  TemporaryDirectory directory_;
  process::FakeRunner runner_;
};

TEST_F(CredentialsTest, of_the_command_line_win) {
  auto credentials = with(R"({"auths":{"a.example.org":{"auth":")" + base64("old:old") + "\"}}}",
                          {"a.example.org=user:pass:word", "https://index.docker.io/=TOKEN="});
  EXPECT_EQ(credentials.find("a.example.org")->user, "user");
  EXPECT_EQ(credentials.find("a.example.org")->password, "pass:word");
  EXPECT_EQ(credentials.find("docker.io")->bearer, "TOKEN=");
  EXPECT_FALSE(credentials.find("b.example.org"));
}

TEST_F(CredentialsTest, wrong_ones_are_refused_and_not_shown) {
  for (const char* text :
       {"secret", "=secret", "a.example.org=", "a.example.org=:secret", "a.example.org=secret:"}) {
    const std::string message = refusal("{}", {text});
    EXPECT_NE(message.find("--registry-creds"), std::string::npos) << text;
    EXPECT_EQ(message.find("secret"), std::string::npos) << text;
  }
}

TEST_F(CredentialsTest, of_docker_login) {
  auto credentials = with(R"({"auths":{
    "https://index.docker.io/v1/": {"auth": ")" +
                          base64("hub:p:w") + R"("},
    "a.example.org:5000": {"username": "u", "password": "p"},
    "https://b.example.org/v2/": {"auth": ")" +
                          base64("<token>:") + R"(", "identitytoken": "id"},
    "c.example.org": {"auth": ")" +
                          base64("<token>:other") + R"("},
    "d.example.org": {"registrytoken": "bearer"},
    "e.example.org": {}}, "HttpHeaders": {"User-Agent": "x"}})");
  EXPECT_EQ(credentials.find("docker.io")->user, "hub");
  EXPECT_EQ(credentials.find("docker.io")->password, "p:w");
  EXPECT_EQ(credentials.find("a.example.org:5000")->password, "p");
  EXPECT_EQ(credentials.find("b.example.org")->identity_token, "id");
  EXPECT_EQ(credentials.find("c.example.org")->identity_token, "other");
  EXPECT_EQ(credentials.find("d.example.org")->bearer, "bearer");
  EXPECT_FALSE(credentials.find("e.example.org"));
  EXPECT_FALSE(credentials.find("a.example.org"));
}

TEST_F(CredentialsTest, a_broken_configuration_is_told) {
  for (const auto& [config, expected] : std::map<std::string, std::string>{
           {"", "is not a JSON object"},
           {"[]", "is not a JSON object"},
           {R"({"auths": []})", "auths is not a JSON object"},
           {R"({"auths": {"x": 1}})", "auths.x is not a JSON object"},
           {R"({"auths": {"x": {"auth": "!!!!"}}})", "auths.x.auth is not base64"},
           {R"({"auths": {"x": {"auth": "c2VjcmV0"}}})", "auths.x.auth is not USER:PASSWORD"},
           {R"({"credHelpers": {"x": 1}})", "credHelpers has a value that is not a string"},
           {R"({"credsStore": "../../bin/sh"})", "is not the name of a credential helper"}}) {
    EXPECT_NE(refusal(config).find(expected), std::string::npos)
        << config << ": " << refusal(config);
  }
}

TEST_F(CredentialsTest, a_missing_configuration_is_none_unless_it_is_named) {
  EXPECT_THROW(Credentials({.docker_config = directory_.path() / "none"}, runner_, {}), Error);
}

class CredentialHelperTest : public CredentialsTest {
 protected:
  CredentialHelperTest() : path_(environment("PATH")) {
    write_file_atomically(directory_.path() / "docker-credential-box", "#!/bin/sh\n", 0755);
    ::setenv("PATH", (directory_.path().string() + ":" + path_).c_str(), 1);
  }
  ~CredentialHelperTest() override { ::setenv("PATH", path_.c_str(), 1); }

 private:
  std::string path_;
};

TEST_F(CredentialHelperTest, is_asked_once_for_a_registry) {
  runner_.script = [](const process::Command& command) {
    EXPECT_EQ(command.argv, (std::vector<std::string>{"docker-credential-box", "get"}));
    EXPECT_EQ(command.stdin_text, "https://index.docker.io/v1/");
    return process::FakeRunner::exit(0, R"({"ServerURL":"x","Username":"u","Secret":"s"})");
  };
  auto credentials = with(R"({"credsStore":"box"})");
  EXPECT_EQ(credentials.find("docker.io")->password, "s");
  EXPECT_EQ(credentials.find("docker.io")->user, "u");
  EXPECT_EQ(runner_.commands.size(), 1u);
}

TEST_F(CredentialHelperTest, may_have_nothing_or_an_identity_token) {
  runner_.script = [](const process::Command& command) {
    return command.stdin_text == "a.example.org"
               ? process::FakeRunner::exit(0, R"({"Username":"<token>","Secret":"id"})")
               : process::FakeRunner::exit(1, "credentials not found in native keychain\n");
  };
  auto credentials = with(R"({"credHelpers":{"a.example.org":"box","b.example.org":"box"},
    "auths":{"b.example.org":{"username":"u","password":"p"}}})");
  EXPECT_EQ(credentials.find("a.example.org")->identity_token, "id");
  EXPECT_EQ(credentials.find("b.example.org")->password, "p");
}

TEST_F(CredentialHelperTest, that_fails_is_an_error_without_what_it_printed) {
  runner_.script = [](const process::Command&) {
    return process::FakeRunner::exit(2, "secret", "the box is locked\n");
  };
  const std::string message = refusal(R"({"credsStore":"box"})");
  EXPECT_NE(message.find("docker-credential-box get: exit 2: the box is locked"), std::string::npos)
      << message;
  EXPECT_EQ(message.find("secret"), std::string::npos);
}

TEST_F(CredentialHelperTest, that_is_not_installed_is_an_error) {
  EXPECT_NE(
      refusal(R"({"credsStore":"nobox"})").find("docker-credential-nobox, which is not installed"),
      std::string::npos);
}

TEST(Base64, there_and_back) {
  for (const char* text : {"", "a", "ab", "abc", "user:password"})
    EXPECT_EQ(from_base64(base64(text)), text);
  EXPECT_EQ(from_base64("YQ"), "a");
  for (const char* text : {"!!!!", "a", "YQ==YQ==", "a=b="})
    EXPECT_THROW(from_base64(text), Error) << text;
}

}  // namespace
}  // namespace rtfx::registry
