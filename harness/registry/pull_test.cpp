// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "harness/registry/fake_registry.hpp"
#include "harness/registry/push.hpp"
#include "harness/registry/tag_writer.hpp"

namespace rtfx::registry {
namespace {

const oci::Reference image = oci::parse_reference("reg.example.org/demo/one:v1");

/// A registry with demo/one:v1 for amd64 (with an attestation) and arm64, and an empty store to pull into.
class PullTest : public ::testing::Test {
 protected:
  PullTest()
      : source_(directory_.path() / "source"),
        store_(directory_.path() / "store"),
        images_(source_),
        amd64_(images_.image("amd64", "one for amd64")),
        arm64_(images_.image("arm64", "one for arm64")),
        attestation_(images_.attestation(amd64_, "what was built")) {
    source_.add_to_index("one", {amd64_, arm64_, attestation_});
    TestClient publisher(content_);
    push(*publisher, source_, "one", image, {});
  }

  std::string refusal(TestClient& client) {
    try {
      client->pull(image, store_, {});
    } catch (const Error& error) {
      EXPECT_TRUE(store_.names().empty());
      return error.what();
    }
    ADD_FAILURE() << "no error";
    return "";
  }
  /// Replaces the layer of an image in the registry by these bytes.
  void replace_layer(const oci::Descriptor& manifest, const std::string& bytes) {
    const auto layer = oci::parse_manifest(source_.read(manifest)).layers.at(0);
    content_->blobs.at("demo/one@" + layer.digest.str()) = bytes;
  }

  TemporaryDirectory directory_;
  oci::Store source_, store_;
  TestImages images_;
  oci::Descriptor amd64_, arm64_, attestation_;
  std::shared_ptr<RegistryContent> content_ = std::make_shared<RegistryContent>();
};

TEST_F(PullTest, takes_all_arches_and_names_them) {
  TestClient client(content_);
  const auto pulled = client->pull(image, store_, {});
  ASSERT_TRUE(pulled);
  EXPECT_EQ(pulled->digest, client->resolve(image)->digest);
  const auto names = store_.names();
  EXPECT_EQ(names.size(), 3u);
  EXPECT_EQ(names.at("reg.example.org/demo/one:v1").digest, pulled->digest);
  EXPECT_EQ(names.at("reg.example.org/demo/one:v1-amd64").digest, amd64_.digest);
  EXPECT_EQ(names.at("reg.example.org/demo/one:v1-arm64").digest, arm64_.digest);
  EXPECT_TRUE(store_.complete(*pulled));
  EXPECT_TRUE(store_.has(attestation_.digest));
}

TEST_F(PullTest, takes_one_arch_and_its_attestation) {
  TestClient client(content_);
  const auto pulled =
      client->pull(image, store_, {.arches = {"amd64", "s390x"}, .name = "my/one:v1"});
  ASSERT_TRUE(pulled);
  EXPECT_EQ(store_.names().size(), 2u);
  EXPECT_TRUE(store_.resolve("my/one:v1-amd64"));
  EXPECT_TRUE(store_.has(attestation_.digest));
  EXPECT_FALSE(store_.has(arm64_.digest));
  EXPECT_EQ(oci::parse_index(store_.read(*pulled)).manifests.size(), 2u);

  // The other one joins it.
  const auto both = client->pull(image, store_, {.arches = {"arm64"}, .name = "my/one:v1"});
  EXPECT_EQ(oci::parse_index(store_.read(*both)).manifests.size(), 3u);
  // Now the store has all that the registry's index has: it is that index.
  EXPECT_EQ(both->digest, client->resolve(image)->digest);
}

TEST_F(PullTest, leaves_other_arches_of_the_store) {
  TestImages mine(store_);
  store_.add_to_index("my/one:v1", mine.image("riscv64", "mine"));
  TestClient client(content_);
  const auto pulled = client->pull(image, store_, {.name = "my/one:v1"});
  EXPECT_EQ(oci::parse_index(store_.read(*pulled)).manifests.size(), 4u);
}

TEST_F(PullTest, asks_only_for_what_the_store_lacks) {
  TestClient client(content_);
  client->pull(image, store_, {});
  client.registry->requests.clear();
  client->pull(image, store_, {});
  EXPECT_EQ(client.registry->lines(), std::vector<std::string>{"GET /v2/demo/one/manifests/v1"});
}

TEST_F(PullTest, a_damaged_blob_of_the_store_is_fetched_again) {
  TestClient client(content_);
  client->pull(image, store_, {});
  const auto layer = oci::parse_manifest(store_.read(amd64_)).layers.at(0);
  const auto file = store_.directory() / "blobs" / "sha256" / layer.digest.hex();
  write_file_atomically(file, std::string(layer.size, 'x'));
  client->pull(image, store_, {});
  EXPECT_EQ(Digest::of_file(file), layer.digest);
}

TEST_F(PullTest, what_is_not_there_leaves_nothing) {
  TestClient client(content_);
  EXPECT_FALSE(client->pull(image.with_tag("none"), store_, {}));
  EXPECT_FALSE(client->pull(image, store_, {.arches = {"s390x"}}));
  EXPECT_FALSE(client->pull(oci::parse_reference("reg.example.org/demo/one@" + amd64_.digest.str()),
                            store_, {.arches = {"arm64"}}));
  EXPECT_TRUE(store_.names().empty());
}

TEST_F(PullTest, an_image_by_digest_keeps_its_digest) {
  TestClient client(content_);
  const oci::Reference pinned = image.with_digest(amd64_.digest);
  EXPECT_EQ(client->pull(pinned, store_, {})->digest, amd64_.digest);
  EXPECT_EQ(store_.names().begin()->first, pinned.str());
  const oci::Reference index = image.with_digest(client->resolve(image)->digest);
  EXPECT_EQ(client->pull(index, store_, {})->digest, *index.digest);
}

TEST_F(PullTest, finds_an_arch_without_layers) {
  TestClient client(content_);
  EXPECT_EQ(client->find(image, "arm64")->digest, arm64_.digest);
  EXPECT_EQ(client->find(image, "arm64")->platform->architecture, "arm64");
  EXPECT_EQ(client->find(image.with_digest(amd64_.digest), "amd64")->digest, amd64_.digest);
  EXPECT_FALSE(client->find(image.with_digest(amd64_.digest), "arm64"));
  EXPECT_FALSE(client->find(image, "s390x"));
  EXPECT_FALSE(client->find(image, "unknown"));
}

TEST_F(PullTest, an_index_with_a_missing_child_is_an_error) {
  content_->manifests.erase("demo/one@" + arm64_.digest.str());
  TestClient client(content_);
  EXPECT_THROW(client->find(image, "arm64"), Error);
  EXPECT_NE(refusal(client).find("which the registry does not have"), std::string::npos);
}

TEST_F(PullTest, other_bytes_are_refused) {
  for (const std::string& bytes : {std::string("layer of one for amd65"), std::string("short"),
                                   std::string(1000, 'x'), std::string()}) {
    replace_layer(amd64_, bytes);
    TestClient client(content_);
    EXPECT_NE(refusal(client).find("asking reg.example.org for blob sha256:"), std::string::npos);
  }
}

TEST_F(PullTest, an_index_that_lies_about_the_arch_is_refused) {
  amd64_.platform->architecture = "s390x";
  const Document lie = index_document({{amd64_}, {}});
  content_->manifests.insert_or_assign("demo/one:v1", lie);
  TestClient client(content_);
  EXPECT_NE(refusal(client).find("for s390x, but that image is for amd64"), std::string::npos);
}

TEST_F(PullTest, a_connection_lost_in_a_layer_is_made_again) {
  TestClient client(content_);
  int cut = 2;
  client.registry->instead = [&](const Request& request) -> std::optional<Response> {
    if (!request.sink || cut == 0) return std::nullopt;
    --cut;
    request.sink("laye");
    throw TransportError(TransportError::Kind::broken, "connection reset");
  };
  EXPECT_TRUE(client->pull(image, store_, {}));
  EXPECT_EQ(cut, 0);
}

TEST_F(PullTest, stopped_in_between_leaves_no_name) {
  std::stop_source stop;
  TestClient client(content_, {}, stop.get_token());
  client.registry->instead = [&](const Request& request) -> std::optional<Response> {
    if (request.sink) stop.request_stop();
    return std::nullopt;
  };
  EXPECT_NE(refusal(client).find("interrupted"), std::string::npos);
}

}  // namespace
}  // namespace rtfx::registry
