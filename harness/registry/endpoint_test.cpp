// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/endpoint.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace rtfx::registry {
namespace {

TEST(Endpoint, registries_of_this_machine_speak_plain_http) {
  const Endpoints endpoints({});
  for (const auto& [registry, url] : std::map<std::string, std::string>{
           {"docker.io", "https://registry-1.docker.io"},
           {"localhost:5000", "http://localhost:5000"},
           {"127.0.0.1:5000", "http://127.0.0.1:5000"},
           {"[::1]:5000", "http://[::1]:5000"},
           {"registry.example.org", "https://registry.example.org"}}) {
    EXPECT_EQ(endpoints.to_read(registry).url, url);
    EXPECT_EQ(endpoints.to_write(registry).url, url);
  }
}

TEST(Endpoint, a_mirror_is_asked_for_reading_only) {
  const Endpoints endpoints({.mirrors = {"index.docker.io=https://mirror.example.org/hub/"}});
  const Endpoint mirror = endpoints.to_read("docker.io");
  const oci::Reference redis = oci::parse_reference("redis:7");
  EXPECT_EQ(mirror.address(redis, "manifests/7"),
            "https://mirror.example.org/v2/hub/library/redis/manifests/7");
  EXPECT_EQ(mirror.repository(redis), "hub/library/redis");
  EXPECT_EQ(mirror.registry, "mirror.example.org");
  EXPECT_EQ(mirror.name, "docker.io (mirror https://mirror.example.org/hub)");
  EXPECT_EQ(endpoints.to_write("docker.io").url, "https://registry-1.docker.io");
  EXPECT_EQ(endpoints.to_read("quay.io").url, "https://quay.io");
}

TEST(Endpoint, a_mirror_without_a_registry_is_for_all_others) {
  const Endpoints endpoints(
      {.mirrors = {"http://all.example.org", "quay.io=https://q.example.org"}});
  EXPECT_EQ(endpoints.to_read("docker.io").url, "http://all.example.org");
  EXPECT_EQ(endpoints.to_read("quay.io").url, "https://q.example.org");
  EXPECT_EQ(endpoints.to_write("quay.io").url, "https://quay.io");
}

TEST(Endpoint, a_registry_can_be_told_how_it_is_spoken_to) {
  const Endpoints endpoints(
      {.mirrors = {"lan:5000=http://lan:5000", "127.0.0.1:1=https://127.0.0.1:1"}});
  EXPECT_EQ(endpoints.to_write("lan:5000").url, "http://lan:5000");
  EXPECT_EQ(endpoints.to_write("127.0.0.1:1").url, "https://127.0.0.1:1");
  EXPECT_EQ(endpoints.to_read("lan:5000").name, "lan:5000");
}

TEST(Endpoint, what_is_no_mirror_is_refused) {
  for (const char* text : {"mirror.example.org", "docker.io=mirror", "docker.io=ftp://x",
                           "=http://x", "http://", "docker.io=", "a b=http://x"}) {
    try {
      Endpoints({.mirrors = {text}});
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_NE(std::string(error.what()).find("[REGISTRY=]http(s)://HOST"), std::string::npos);
    }
  }
}

TEST(Endpoint, a_password_in_a_mirror_is_refused_and_not_shown) {
  try {
    Endpoints({.mirrors = {"docker.io=https://user:secret@mirror.example.org"}});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace rtfx::registry
