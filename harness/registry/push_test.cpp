// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/push.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "harness/registry/publisher.hpp"

namespace rtfx::registry {
namespace {

const oci::Reference& image = demo_image;
using Change = Pushed::Change;

class PushTest : public PublishingTest {};
using Arches = std::vector<std::string>;

TEST_F(PushTest, blobs_then_manifests_then_the_tag) {
  Host host(content_);
  const auto built = host.build("amd64", "a");
  const PushResult result = host.push_it();
  EXPECT_EQ(result.blobs_sent, 2u);
  EXPECT_EQ(result.manifests_sent, 2u);
  ASSERT_EQ(result.tags.size(), 1u);
  EXPECT_EQ(result.tags[0].change, Change::created);
  EXPECT_EQ(result.tags[0].arches, Arches{"amd64"});
  EXPECT_EQ(result.tags[0].ref, "reg.example.org/demo/one:v1");

  std::vector<std::string> writes;
  for (const std::string& line : host.client.registry->lines())
    if (line.starts_with("PUT"))
      writes.push_back(line.substr(0, line.find_first_of("?0123456789", line.find("uploads/"))));
  EXPECT_EQ(writes, (std::vector<std::string>{"PUT /v2/demo/one/blobs/uploads/",
                                              "PUT /v2/demo/one/blobs/uploads/",
                                              "PUT /v2/demo/one/manifests/" + built.digest.str(),
                                              "PUT /v2/demo/one/manifests/v1"}));
}

TEST_F(PushTest, nothing_new_writes_nothing) {
  Host host(content_);
  host.build("amd64", "a");
  host.push_it({.with_arch_tags = true, .release_tags = {"r1"}});
  host.client.registry->requests.clear();
  const PushResult again = host.push_it({.with_arch_tags = true, .release_tags = {"r1"}});
  EXPECT_EQ(again.tags.size(), 4u);
  for (const Pushed& tag : again.tags) EXPECT_EQ(tag.change, Change::unchanged) << tag.ref;
  EXPECT_EQ(again.manifests_sent, 0u);
  EXPECT_EQ(host.client.registry->count("PUT"), 0u);
  EXPECT_EQ(host.client.registry->count("POST"), 0u);
}

TEST_F(PushTest, a_second_arch_keeps_the_first) {
  Host a(content_), b(content_);
  a.build("amd64", "a");
  b.build("arm64", "b");
  a.push_it();
  const PushResult second = b.push_it();
  EXPECT_EQ(second.tags[0].change, Change::updated);
  EXPECT_EQ(arches(), (Arches{"amd64", "arm64"}));
  // And a newer one of the same arch replaces it.
  const auto newer = a.build("amd64", "newer");
  a.push_it();
  EXPECT_EQ(arches(), (Arches{"amd64", "arm64"}));
  EXPECT_EQ(TestClient(content_)->find(image, "amd64")->digest, newer.digest);
}

TEST_F(PushTest, an_image_that_has_the_tag_becomes_part_of_the_index) {
  Host a(content_), b(content_);
  const auto built = a.build("amd64", "a");
  push(*a.client, a.store, "one", image, {.with_arch_tags = true});
  content_->manifests.insert_or_assign("demo/one:v1", content_->manifests.at("demo/one:v1-amd64"));
  b.build("arm64", "b");
  b.push_it();
  EXPECT_EQ(arches(), (Arches{"amd64", "arm64"}));
}

TEST_F(PushTest, what_rtfx_does_not_know_of_an_index_stays) {
  Host host(content_);
  const auto built = host.build("amd64", "a");
  host.push_it();
  // As another tool publishes it: an entry with members that rtfx does not read.
  const std::string other =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)"
      R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
      built.digest.str() + R"(","size":)" + std::to_string(built.size) +
      R"(,"platform":{"architecture":"amd64","os":"windows","os.version":"10.0"},"artifactType":"a/b"}],)"
      R"("artifactType":"c/d"})";
  content_->manifests.insert_or_assign(
      "demo/one:v1",
      Document{
          {std::string(oci::media_type_index), Digest::of(other), other.size(), std::nullopt, {}},
          other});
  Host second(content_);
  second.build("arm64", "b");
  second.push_it();
  const std::string& now = content_->manifests.at("demo/one:v1").bytes;
  for (const char* part :
       {R"("os.version":"10.0")", R"("artifactType":"a/b")", R"("artifactType":"c/d")", "arm64"})
    EXPECT_NE(now.find(part), std::string::npos) << now;
  EXPECT_EQ(second.push_it().tags.at(0).change, Change::unchanged);
}

TEST_F(PushTest, attestations_follow_their_image) {
  Host a(content_), b(content_);
  const auto first = a.build("amd64", "a");
  a.store.add_to_index("one", {first, a.images.attestation(first, "about a")});
  a.push_it();
  b.build("arm64", "b");
  b.push_it();
  EXPECT_EQ(arches(), (Arches{"amd64", "arm64", "unknown"}));
  a.build("amd64", "newer");
  a.push_it();
  EXPECT_EQ(arches(), (Arches{"amd64", "arm64"}));
}

TEST_F(PushTest, without_override_a_tag_stays) {
  Host a(content_), b(content_);
  a.build("amd64", "a");
  b.build("arm64", "b");
  a.push_it();
  const PushResult kept = b.push_it({.override_tags = false});
  EXPECT_EQ(kept.tags.at(0).change, Change::kept);
  EXPECT_EQ(arches(), Arches{"amd64"});
  EXPECT_EQ(b.client.registry->count("PUT"), 0u);
}

TEST_F(PushTest, release_tags_get_the_same) {
  Host host(content_);
  host.build("amd64", "a");
  host.build("arm64", "a");
  const PushResult result = host.push_it({.with_arch_tags = true, .release_tags = {"r1", "r2"}});
  std::vector<std::string> refs;
  for (const Pushed& tag : result.tags) refs.push_back(tag.ref.substr(tag.ref.find(':') + 1));
  EXPECT_EQ(refs, (std::vector<std::string>{"v1-amd64", "v1-arm64", "v1", "r1-amd64", "r1-arm64",
                                            "r1", "r2-amd64", "r2-arm64", "r2"}));
  EXPECT_EQ(arches(image.with_tag("r2")), (Arches{"amd64", "arm64"}));
  EXPECT_THROW(host.push_it({.release_tags = {"not a tag"}}), Error);
}

/// Somebody else writes the tag right after we have read it, as often as told.
void write_in_between(Host& host, const std::shared_ptr<RegistryContent>& content, Host& other,
                      int times) {
  const bool ours_is_lost = times < 0;
  auto left = std::make_shared<int>(std::abs(times));
  host.client.registry->instead =
      [&, content, left, ours_is_lost](const Request& request) -> std::optional<Response> {
    const bool write = request.method == "PUT" && request.url.ends_with("/manifests/v1");
    if (!write || *left == 0) return std::nullopt;
    --*left;
    if (!ours_is_lost) {
      other.push_it();
      return std::nullopt;  // and ours goes over it
    }
    other.push_it();
    const Digest digest = Digest::of(request.body);
    return Response{201, {{"docker-content-digest", digest.str()}}, ""};  // theirs goes over ours
  };
}

TEST_F(PushTest, who_is_overwritten_writes_again) {
  Host a(content_), b(content_);
  a.build("amd64", "a");
  b.build("arm64", "b");
  write_in_between(a, content_, b, -3);
  a.push_it();
  EXPECT_EQ(arches(), (Arches{"amd64", "arm64"}));
}

TEST_F(PushTest, who_is_overwritten_a_little_later_writes_again) {
  Host a(content_), b(content_);
  a.build("amd64", "a");
  b.build("arm64", "b");
  // b has read before a wrote, and writes while a waits to see whether its index lasts.
  Host empty(std::make_shared<RegistryContent>());
  empty.build("arm64", "b");
  empty.push_it();
  b.push_it();
  const Document stale = empty.client.registry->content->manifests.at("demo/one:v1");
  content_->manifests.erase("demo/one:v1");
  bool once = true;
  a.client.while_waiting = [&] {
    if (std::exchange(once, false)) content_->manifests.insert_or_assign("demo/one:v1", stale);
  };
  a.push_it();
  EXPECT_EQ(arches(), (Arches{"amd64", "arm64"}));
}

TEST_F(PushTest, a_tag_that_never_lasts_is_an_error) {
  Host a(content_), b(content_);
  a.build("amd64", "a");
  b.build("arm64", "b");
  write_in_between(a, content_, b, -1000);
  EXPECT_THROW(a.push_it(), Error);
}

TEST_F(PushTest, a_tag_whose_writing_failed_is_read_again_first) {
  Host a(content_), b(content_);
  a.build("amd64", "a");
  b.build("arm64", "b");
  bool first = true;
  a.client.registry->instead = [&](const Request& request) -> std::optional<Response> {
    if (request.method != "PUT" || !request.url.ends_with("/manifests/v1") ||
        !std::exchange(first, false))
      return std::nullopt;
    b.push_it();
    return Response{503, {}, ""};
  };
  a.push_it();
  EXPECT_EQ(arches(), (Arches{"amd64", "arm64"}));
}

TEST_F(PushTest, a_registry_that_has_not_seen_its_blobs_yet_is_asked_again) {
  for (const int blind : {2, 100}) {
    auto content = std::make_shared<RegistryContent>();
    Host host(content);
    host.build("amd64", "a");
    int left = blind;
    host.client.registry->instead = [&](const Request& request) -> std::optional<Response> {
      if (request.method != "PUT" || request.url.find("/manifests/") == std::string::npos ||
          left-- <= 0)
        return std::nullopt;
      return Response{
          400, {}, R"({"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown"}]})"};
    };
    if (blind == 2) {
      host.push_it();
      EXPECT_TRUE(content->manifests.contains("demo/one:v1"));
    } else {
      EXPECT_THROW(host.push_it(), Error);
      EXPECT_LT(host.client.registry->requests.size(), 20u);
    }
  }
}

TEST_F(PushTest, two_hosts_at_once_lose_nothing) {
  // Real time here: the fake's lock orders the requests of both, nothing else does.
  for (int round = 0; round < 8; ++round) {
    auto content = std::make_shared<RegistryContent>();
    auto guard = std::make_shared<std::mutex>();
    Host a(content), b(content);
    a.build("amd64", "a");
    b.build("arm64", "b");
    for (Host* host : {&a, &b}) {
      host->client.while_waiting = [] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      };
      host->client.registry->serialise = guard;
    }
    {
      std::jthread other([&] { b.push_it(); });
      a.push_it();
    }
    const auto& manifest = content->manifests.at("demo/one:v1");
    EXPECT_EQ(oci::parse_index(manifest.bytes).manifests.size(), 2u) << round;
  }
}

TEST_F(PushTest, every_failing_request_is_an_error_and_pushing_again_goes_on) {
  std::size_t points = 0;
  for (std::size_t fail_at = 0;; ++fail_at) {
    auto content = std::make_shared<RegistryContent>();
    Host host(content);
    host.build("amd64", "a");
    std::size_t asked = 0;
    host.client.registry->instead = [&](const Request&) -> std::optional<Response> {
      return asked++ == fail_at ? std::optional(Response{403, {}, ""}) : std::nullopt;
    };
    bool failed = false;
    try {
      host.push_it();
    } catch (const Error&) {
      failed = true;
    }
    if (asked <= fail_at) break;
    ++points;
    // A tag that is there after a failure is there with all that it names.
    const std::size_t blobs =
        failed && content->manifests.contains("demo/one:v1") ? content->blobs.size() : 2;
    EXPECT_EQ(blobs, 2u) << fail_at;
    host.client.registry->instead = nullptr;
    host.push_it();
    EXPECT_EQ(TestClient(content)->document(image)->descriptor.digest,
              content->manifests.at("demo/one:v1").descriptor.digest);
  }
  EXPECT_GE(points, 10u);
}

TEST_F(PushTest, what_is_not_in_the_store_is_told) {
  Host host(content_);
  try {
    host.push_it();
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("one is not in the content store"), std::string::npos);
  }
}

TEST_F(PushTest, a_damaged_layer_is_not_published) {
  Host host(content_);
  const auto built = host.build("amd64", "a");
  const auto layer = oci::parse_manifest(host.store.read(built)).layers.at(0);
  write_file_atomically(host.store.directory() / "blobs" / "sha256" / layer.digest.hex(), "other");
  EXPECT_THROW(host.push_it(), Error);
  EXPECT_TRUE(content_->manifests.empty());
}

TEST_F(PushTest, a_registry_that_takes_other_bytes_is_told) {
  Host host(content_);
  host.build("amd64", "a");
  host.client.registry->instead = [](const Request& request) -> std::optional<Response> {
    if (request.method != "PUT") return std::nullopt;
    return Response{201, {{"docker-content-digest", Digest::of("other").str()}}, ""};
  };
  EXPECT_THROW(host.push_it(), Error);
}

}  // namespace
}  // namespace rtfx::registry
