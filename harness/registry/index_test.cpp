// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "harness/registry/publisher.hpp"

namespace rtfx::registry {
namespace {

const oci::Reference& image = demo_image;
using Change = Pushed::Change;
using Arches = std::vector<std::string>;
class IndexTest : public PublishingTest {};

TEST_F(IndexTest, an_index_is_made_of_arch_tags) {
  Host a(content_), b(content_), c(content_);
  a.build("amd64", "a");
  b.build("arm64", "b");
  const auto third = c.build("riscv64", "c");
  for (Host* host : {&a, &b}) host->push_it({.with_arch_tags = true});
  // As linuxkit leaves it when two push at once: one arch only.
  content_->manifests.erase("demo/one:v1");
  c.store.add_to_index("one", {third, c.images.attestation(third, "about c")});
  c.push_it();
  const auto done = push_index(*a.client, image, {"amd64", "arm64", "s390x"}, {"r1"},
                               a.directory.path() / "locks");
  EXPECT_EQ(arches(), (Arches{"amd64", "arm64", "riscv64", "unknown"}));
  EXPECT_EQ(arches(image.with_tag("r1")), arches());
  EXPECT_EQ(done.at(0).change, Change::updated);
  EXPECT_EQ(done.at(1).change, Change::created);
  EXPECT_EQ(push_index(*a.client, image, {"amd64"}, {}, a.directory.path() / "locks").at(0).change,
            Change::unchanged);
}

TEST_F(IndexTest, an_index_is_not_made_of_errors) {
  Host host(content_);
  host.build("amd64", "a");
  host.push_it({.with_arch_tags = true});
  const auto locks = host.directory.path() / "locks";
  host.client.registry->instead = [](const Request& request) -> std::optional<Response> {
    if (request.url.ends_with("v1-arm64")) return Response{500, {}, ""};
    return std::nullopt;
  };
  EXPECT_THROW(push_index(*host.client, image, {"amd64", "arm64"}, {}, locks), Error);
  host.client.registry->instead = nullptr;
  EXPECT_THROW(push_index(*host.client, image.with_tag("other"), {"amd64"}, {}, locks), Error);
  // A tag of an arch must be that arch.
  content_->manifests.insert_or_assign("demo/one:v1-arm64",
                                       content_->manifests.at("demo/one:v1-amd64"));
  EXPECT_THROW(push_index(*host.client, image, {"amd64", "arm64"}, {}, locks), Error);
}

TEST_F(IndexTest, a_tag_is_copied_within_and_across_repositories) {
  Host host(content_);
  host.build("amd64", "a");
  host.build("arm64", "b");
  host.push_it();
  const auto locks = host.directory.path() / "locks";
  EXPECT_EQ(copy_tag(*host.client, image, image.with_tag("v2"), locks).change, Change::created);
  EXPECT_EQ(arches(image.with_tag("v2")), arches());

  host.client.registry->requests.clear();
  const auto two = oci::parse_reference("reg.example.org/demo/two:v1");
  EXPECT_EQ(copy_tag(*host.client, image, two, locks).change, Change::created);
  EXPECT_EQ(arches(two), arches());
  EXPECT_EQ(host.client.registry->count("GET /v2/demo/one/blobs"), 0u) << "mounted, not copied";
  EXPECT_EQ(copy_tag(*host.client, image, two, locks).change, Change::unchanged);

  // A registry that cannot mount.
  host.client.registry->instead = [](const Request& request) -> std::optional<Response> {
    if (request.url.find("mount=") == std::string::npos) return std::nullopt;
    return Response{202, {{"location", "/v2/demo/three/blobs/uploads/1?state=a%2Fb"}}, ""};
  };
  const auto three = oci::parse_reference("reg.example.org/demo/three:v1");
  EXPECT_EQ(copy_tag(*host.client, image, three, locks).change, Change::created);
  EXPECT_TRUE(TestClient(content_)->pull(three, host.store, {}));
  EXPECT_THROW(copy_tag(*host.client, image.with_tag("none"), two, locks), Error);
}

}  // namespace
}  // namespace rtfx::registry
