// SPDX-License-Identifier: Apache-2.0
//
// What of the client no command of rtfx shows alone, with a real registry.
#include <gtest/gtest.h>

#include "harness/registry/fake_registry.hpp"
#include "harness/registry/live_registry.hpp"
#include "harness/registry/referrers.hpp"
#include "harness/registry/stage.hpp"
#include "harness/registry/tag_writer.hpp"

namespace rtfx::registry {
namespace {

class Live : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!LiveRegistry::is_installed()) GTEST_SKIP() << "docker-registry is not installed";
    server_.emplace();
    RegistryOptions options;
    options.docker_config = directory_.path() / "config.json";
    write_file_atomically(options.docker_config, "{}");
    client_.emplace(options);
    image_ = oci::parse_reference(server_->host() + "/demo/one:v1");
  }
  std::filesystem::path locks() const { return directory_.path() / "locks"; }
  oci::Descriptor put_index(const std::vector<oci::Descriptor>& images) {
    const Document document = index_document({images, {}});
    return store_.put(document.bytes, document.descriptor.media_type);
  }
  Document about(const oci::Descriptor& subject, const std::string& text) {
    const oci::Descriptor config = store_.put("{}", "application/vnd.oci.empty.v1+json");
    client_->give_blob(image_, config, store_);
    const std::string bytes =
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"x/y","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":")" +
        config.digest.str() + R"(","size":2},"layers":[],"annotations":{"text":")" + text +
        R"("},"subject":{"mediaType":")" + subject.media_type + R"(","digest":")" +
        subject.digest.str() + R"(","size":)" + std::to_string(subject.size) + "}}";
    return {{std::string(oci::media_type_manifest), Digest::of(bytes), bytes.size(), {}, {}},
            bytes};
  }

  TemporaryDirectory directory_;
  oci::Store store_{directory_.path() / "store"};
  TestImages images_{store_};
  std::optional<LiveRegistry> server_;
  std::optional<Client> client_;
  oci::Reference image_;
};

TEST_F(Live, staging_again_asks_and_sends_nothing) {
  const auto amd64 = images_.image("amd64", "a"), arm64 = images_.image("arm64", "b");
  const auto index = put_index({amd64, arm64});
  const Staged first = stage(*client_, store_, image_, {index, amd64, arm64});
  EXPECT_EQ(first.blobs_sent, 4u);
  EXPECT_EQ(first.manifests_sent, 3u);
  const Staged again = stage(*client_, store_, image_, {index, amd64, arm64});
  EXPECT_EQ(again.blobs_sent + again.blobs_mounted + again.manifests_sent, 0u);
  const Staged other =
      stage(*client_, store_, oci::parse_reference(server_->host() + "/demo/two:v1"), {index});
  EXPECT_EQ(other.blobs_mounted, 4u);
  EXPECT_EQ(other.blobs_sent, 0u);
}

TEST_F(Live, referrers_are_listed_by_tag) {
  const auto amd64 = images_.image("amd64", "a");
  const auto index = put_index({amd64});
  stage(*client_, store_, image_, {index});
  EXPECT_TRUE(client_->referrers(image_, index.digest).empty());
  const Document one = about(index, "1"), two = about(index, "2");
  client_->put_referrer(image_, one, index.digest, locks());
  client_->put_referrer(image_, two, index.digest, locks());
  const auto listed = client_->referrers(image_, index.digest, "x/y");
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].digest, one.descriptor.digest);
  EXPECT_EQ(listed[1].annotations.at("text"), "2");
  EXPECT_TRUE(client_->referrers(image_, index.digest, "x/z").empty());
  const auto there = client_->published(image_.with_digest(listed[0].digest));
  ASSERT_TRUE(there);
  EXPECT_EQ(there->bytes, one.bytes);
  EXPECT_EQ(client_->blob(image_, oci::parse_manifest(there->bytes).config), "{}");
}

TEST_F(Live, a_tag_goes_away_when_nothing_else_needs_its_digest) {
  const auto amd64 = images_.image("amd64", "a");
  stage(*client_, store_, image_, {amd64});
  merge_into_tag(*client_, image_, {amd64}, locks());
  const oci::Reference arch = image_.with_tag("v1-amd64"), other = image_.with_tag("r1");
  set_tag(*client_, arch, {amd64, store_.read(amd64)}, locks());
  EXPECT_FALSE(client_->delete_tag(arch));  // v1 lists it
  EXPECT_TRUE(client_->published_descriptor(arch));
  const auto index = client_->published(image_);
  ASSERT_TRUE(index);
  set_tag(*client_, other, *index, locks());
  EXPECT_FALSE(client_->delete_tag(other));  // v1 is the same
  EXPECT_TRUE(client_->delete_tag(image_.with_tag("never-there")));

  set_tag(*client_, other, {amd64, store_.read(amd64)}, locks());
  EXPECT_TRUE(client_->delete_tag(image_));
  EXPECT_FALSE(client_->published_descriptor(image_));
  EXPECT_FALSE(client_->delete_tag(other));  // v1-amd64 is the same
}

}  // namespace
}  // namespace rtfx::registry
