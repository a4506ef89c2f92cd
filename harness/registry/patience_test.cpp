// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/patience.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "harness/registry/fake_registry.hpp"

namespace rtfx::registry {
namespace {

class Patience : public ::testing::Test {
 protected:
  void TearDown() override {
    ::unsetenv("RTFX_RETRY_PAUSE_MS");
    ::unsetenv("RTFX_STALL_SECONDS");
  }
};

TEST_F(Patience, is_what_it_usually_is) {
  EXPECT_EQ(first_pause(), std::chrono::milliseconds(250));
  EXPECT_EQ(usual_limits().stall, std::chrono::seconds(60));
  EXPECT_EQ(usual_limits().connect, std::chrono::seconds(20));
}

TEST_F(Patience, comes_from_the_environment) {
  ::setenv("RTFX_RETRY_PAUSE_MS", "8", 1);
  ::setenv("RTFX_STALL_SECONDS", "3", 1);
  EXPECT_EQ(first_pause(), std::chrono::milliseconds(8));
  EXPECT_EQ(usual_limits().stall, std::chrono::seconds(3));
  EXPECT_EQ(usual_limits().connect, std::chrono::seconds(3));

  TestClient client;
  client.registry->instead = [](const Request&) { return Response{503, {}, ""}; };
  EXPECT_THROW(client->resolve(oci::parse_reference("reg.example.org/x:1")), Error);
  ASSERT_EQ(client.waits.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_GE(client.waits[i].count(), 8 << (2 * i));
    EXPECT_LE(client.waits[i].count(), 10 << (2 * i));
  }
}

TEST_F(Patience, anything_else_is_a_usage_error) {
  for (const char* bad : {"-1", "x", "1.5", "60001", "99999999999999999999", " 1", "1s"}) {
    ::setenv("RTFX_RETRY_PAUSE_MS", bad, 1);
    try {
      TestClient client;
      FAIL() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_NE(std::string(error.what()).find("RTFX_RETRY_PAUSE_MS"), std::string::npos);
    }
  }
  for (const char* bad : {"0", "x", "3601"}) {
    ::setenv("RTFX_STALL_SECONDS", bad, 1);
    EXPECT_THROW(usual_limits(), Error) << bad;
  }
}

}  // namespace
}  // namespace rtfx::registry
