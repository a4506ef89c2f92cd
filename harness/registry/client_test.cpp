// SPDX-License-Identifier: Apache-2.0
//
// What a client makes of every kind of answer: not there, there, or an error that tells.
#include <gtest/gtest.h>

#include <ctime>

#include "harness/registry/exchange.hpp"
#include "harness/registry/fake_registry.hpp"

namespace rtfx::registry {
namespace {

using namespace std::chrono_literals;

const oci::Reference image = oci::parse_reference("reg.example.org/demo/one:v1");
constexpr const char* index_json =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})";

Response found(const std::string& bytes,
               const std::string& type = std::string(oci::media_type_index)) {
  return {200,
          {{"content-type", type},
           {"docker-content-digest", Digest::of(bytes).str()},
           {"content-length", std::to_string(bytes.size())}},
          bytes};
}

std::string refusal(const std::function<void()>& body, ExitCode code = ExitCode::failed) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(code)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

#define EXPECT_CONTAINS(text, part) \
  EXPECT_NE(std::string(text).find(part), std::string::npos) << text

TEST(Client, resolves_by_head) {
  TestClient client;
  client.registry->instead = [](const Request& request) {
    EXPECT_EQ(request.url, "https://reg.example.org/v2/demo/one/manifests/v1");
    EXPECT_NE(FakeRegistry::header_of(request, "Accept").find("image.index.v1"), std::string::npos);
    return found(index_json);
  };
  const auto descriptor = client->resolve(image);
  ASSERT_TRUE(descriptor);
  EXPECT_EQ(descriptor->digest, Digest::of(index_json));
  EXPECT_EQ(descriptor->size, std::string(index_json).size());
  EXPECT_EQ(client.registry->lines(), std::vector<std::string>{"HEAD /v2/demo/one/manifests/v1"});
}

TEST(Client, reads_the_document_when_head_does_not_tell) {
  TestClient client;
  client.registry->instead = [](const Request& request) {
    return request.method == "HEAD" ? Response{200, {}, ""} : found(index_json);
  };
  EXPECT_EQ(client->resolve(image)->digest, Digest::of(index_json));
}

TEST(Client, what_is_not_there_is_no_error) {
  for (const char* body : {"", "404 page not found", R"({"errors":[{"code":"MANIFEST_UNKNOWN"}]})",
                           R"({"errors":[{"code":"NAME_UNKNOWN","message":"no"}]})"}) {
    TestClient client;
    client.registry->instead = [&](const Request&) { return Response{404, {}, body}; };
    EXPECT_FALSE(client->resolve(image)) << body;
    EXPECT_FALSE(client->document(image)) << body;
    EXPECT_FALSE(client->find(image, "amd64")) << body;
  }
}

TEST(Client, a_404_that_means_something_else_is_an_error) {
  TestClient client;
  client.registry->instead = [](const Request&) {
    return Response{404, {}, R"({"errors":[{"code":"UNSUPPORTED","message":"no such\nthing"}]})"};
  };
  EXPECT_CONTAINS(refusal([&] { client->document(image); }),
                  "404 Not Found: UNSUPPORTED no such thing");
}

struct StatusRow {
  int status;
  ExitCode code;
  std::size_t requests;  ///< with those that are tried again
  const char* says;
};

TEST(Client, every_other_status_is_an_error_that_tells) {
  const StatusRow rows[] = {{204, ExitCode::failed, 1, "204"},
                            {300, ExitCode::failed, 1, "300"},
                            {304, ExitCode::failed, 1, "304"},
                            {400, ExitCode::failed, 1, "400 Bad Request"},
                            {401, ExitCode::host, 1, "401 Unauthorized"},
                            {403, ExitCode::host, 1, "403 Forbidden; the login may not do this"},
                            {405, ExitCode::failed, 1, "405 Method Not Allowed"},
                            {408, ExitCode::failed, 4, "408 Request Timeout"},
                            {410, ExitCode::failed, 1, "410"},
                            {418, ExitCode::failed, 1, "418"},
                            {429, ExitCode::failed, 4, "429 Too Many Requests"},
                            {500, ExitCode::failed, 4, "500 Internal Server Error"},
                            {502, ExitCode::failed, 4, "502 Bad Gateway"},
                            {503, ExitCode::failed, 4, "503 Service Unavailable; try again later"},
                            {504, ExitCode::failed, 4, "504 Gateway Timeout"},
                            {505, ExitCode::failed, 1, "505"}};
  for (const StatusRow& row : rows) {
    TestClient client;
    client.registry->instead = [&](const Request&) { return Response{row.status, {}, ""}; };
    const std::string message = refusal([&] { client->document(image); }, row.code);
    EXPECT_CONTAINS(message, "asking reg.example.org for demo/one:v1: ");
    EXPECT_CONTAINS(message, row.says);
    EXPECT_EQ(client.registry->requests.size(), row.requests) << row.status;
    EXPECT_THROW(client->resolve(image), Error) << row.status;
    EXPECT_THROW(client->find(image, "amd64"), Error) << row.status;
  }
}

TEST(Client, every_lost_connection_is_an_error_that_tells) {
  using Kind = TransportError::Kind;
  const std::tuple<Kind, std::size_t, const char*> rows[] = {
      {Kind::unresolved, 2, "is the name right"}, {Kind::refused, 3, "is it running"},
      {Kind::tls, 1, "--cert-file FILE"},         {Kind::timed_out, 2, "try again later"},
      {Kind::broken, 4, "try again later"},       {Kind::other, 1, "is it a registry"}};
  for (const auto& [kind, requests, says] : rows) {
    TestClient client;
    client.registry->instead = [kind = kind](const Request&) -> Response {
      throw TransportError(kind, "the wire is cut");
    };
    const std::string message = refusal([&] { client->resolve(image); }, ExitCode::host);
    EXPECT_CONTAINS(message, "asking reg.example.org for demo/one:v1: the wire is cut; ");
    EXPECT_CONTAINS(message, says);
    EXPECT_EQ(client.registry->requests.size(), requests);
  }
}

TEST(Client, tries_again_and_goes_on) {
  TestClient client;
  int failures = 3;
  client.registry->instead = [&](const Request&) {
    return failures-- > 0 ? Response{503, {}, ""} : found(index_json);
  };
  EXPECT_TRUE(client->resolve(image));
  ASSERT_EQ(client.waits.size(), 3u);
  EXPECT_GE(client.waits[0], 250ms);
  EXPECT_LT(client.waits[0], 400ms);
  EXPECT_GE(client.waits[2], 4s);
  EXPECT_LT(client.waits[2], 6s);
}

TEST(Client, waits_as_long_as_it_is_told) {
  const std::time_t later = std::time(nullptr) + 60;
  std::tm time{};
  ::gmtime_r(&later, &time);
  char date[64];
  std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &time);
  for (const std::string& value : {std::string("60"), std::string(date)}) {
    TestClient client;
    bool first = true;
    client.registry->instead = [&](const Request&) {
      return std::exchange(first, false) ? Response{429, {{"retry-after", value}}, ""}
                                         : found(index_json);
    };
    EXPECT_TRUE(client->resolve(image));
    ASSERT_EQ(client.waits.size(), 1u);
    EXPECT_GE(client.waits[0], 55s) << value;
    EXPECT_LE(client.waits[0], 60s) << value;
  }
}

TEST(Client, does_not_wait_for_hours) {
  TestClient client;
  client.registry->instead = [&](const Request&) {
    return Response{429, {{"retry-after", "21600"}}, ""};
  };
  EXPECT_CONTAINS(refusal([&] { client->resolve(image); }), "429");
  EXPECT_TRUE(client.waits.empty());
}

TEST(Client, stops_when_asked_to) {
  std::stop_source stop;
  TestClient client(std::make_shared<RegistryContent>(), {}, stop.get_token());
  client.registry->instead = [](const Request&) { return Response{503, {}, ""}; };
  client.while_waiting = [&] { stop.request_stop(); };
  refusal([&] { client->resolve(image); }, ExitCode::interrupted);
  EXPECT_EQ(client.waits.size(), 1u);
}

TEST(Client, garbage_is_an_error) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "not a JSON object"},
      {"<html>Welcome to the hotel</html>", "not a JSON object; is it a registry?"},
      {"[]", "not a JSON object"},
      {"{}", "image manifest has no \"schemaVersion\""},
      {R"({"schemaVersion":1,"name":"x"})", "schema version 1, which is obsolete"},
      {R"({"schemaVersion":2,"mediaType":"text/plain"})", "neither an image nor an index"},
      {R"({"schemaVersion":2,"manifests":7})", "\"manifests\" is not a list"},
      {R"({"schemaVersion":2,"manifests":[{"digest":"sha256:zz","mediaType":"x","size":1}]})",
       "manifests[0]"},
      {R"({"schemaVersion":2,"config":{},"layers":[]})", "config has no \"digest\""}};
  for (const auto& [body, says] : rows) {
    TestClient client;
    client.registry->instead = [body = body](const Request&) {
      return found(body, "application/json");
    };
    EXPECT_CONTAINS(refusal([&] { client->document(image); }), says);
  }
}

TEST(Client, other_bytes_than_were_asked_for_are_refused) {
  TestClient client;
  client.registry->instead = [](const Request&) { return found(index_json); };
  const oci::Reference other = image.with_digest(Digest::of("something else"));
  for (const bool head : {true, false}) {
    const std::string message =
        refusal([&] { head ? (void)client->resolve(other) : (void)client->document(other); });
    EXPECT_CONTAINS(message, "which was asked for; nothing of it was used");
  }
}

TEST(Client, other_bytes_than_were_announced_are_refused) {
  TestClient client;
  client.registry->instead = [](const Request&) {
    Response response = found(index_json);
    response.headers[1].second = Digest::of("something else").str();
    return response;
  };
  EXPECT_CONTAINS(refusal([&] { client->document(image); }), "which it announced");
}

TEST(Client, a_redirect_is_followed_without_the_credentials) {
  TestClient client(std::make_shared<RegistryContent>(),
                    {.credentials = {"reg.example.org=u:secret"}});
  const std::string basic = "Basic " + base64("u:secret");
  client.registry->instead = [&](const Request& request) -> Response {
    const std::string sent = FakeRegistry::header_of(request, "Authorization");
    if (request.url.starts_with("https://cdn.example.org")) {
      EXPECT_EQ(sent, "");
      EXPECT_NE(FakeRegistry::header_of(request, "Accept"), "");
      return found(index_json);
    }
    if (sent != basic) return {401, {{"www-authenticate", "Basic realm=\"x\""}}, ""};
    // Another port is another server.
    if (request.url.starts_with("https://reg.example.org/v2"))
      return {302, {{"location", "//reg.example.org/moved"}}, ""};
    return {307, {{"location", "https://cdn.example.org/blob?signature=1"}}, ""};
  };
  EXPECT_TRUE(client->document(image));
  EXPECT_EQ(client.registry->requests.size(), 4u);
}

TEST(Client, redirects_that_are_not_followed) {
  const std::pair<const char*, const char*> rows[] = {
      {"http://reg.example.org/plain", "from https to plain http"},
      {"file:///etc/passwd", "is not an http or https address"},
      {"https://reg.example.org/v2/demo/one/manifests/v1", "more than 5 redirects"}};
  for (const auto& [location, says] : rows) {
    TestClient client;
    client.registry->instead = [location = location](const Request&) {
      return Response{302, {{"location", location}}, ""};
    };
    EXPECT_CONTAINS(refusal([&] { client->document(image); }), says);
    EXPECT_LE(client.registry->requests.size(), 6u);
  }
}

TEST(Client, another_servers_question_for_a_login_gets_none) {
  TestClient client(std::make_shared<RegistryContent>(),
                    {.credentials = {"reg.example.org=u:secret"}});
  client.registry->instead = [&](const Request& request) -> Response {
    EXPECT_EQ(FakeRegistry::header_of(request, "Authorization"), "");
    if (request.url.starts_with("https://reg"))
      return {302, {{"location", "https://evil.example.org/"}}, ""};
    return {401, {{"www-authenticate", "Basic realm=\"x\""}}, ""};
  };
  EXPECT_CONTAINS(refusal([&] { client->document(image); }), "https://evil.example.org:443");
}

}  // namespace
}  // namespace rtfx::registry
