// SPDX-License-Identifier: Apache-2.0
#include "ci/gate/publish.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace rtfx::gate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// An image of one arch without layers, in the store.
oci::Descriptor put_image(oci::Store& store, const std::string& arch,
                          const std::string& salt = "") {
  const std::string config = R"({"architecture":")" + arch +
                             R"(","os":"linux","config":{"Env":["S=)" + salt +
                             R"("]},"rootfs":{"type":"layers","diff_ids":[]}})";
  const oci::Descriptor blob = store.put(config, "application/vnd.oci.image.config.v1+json");
  const std::string manifest =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":")" +
      blob.media_type + R"(","digest":")" + blob.digest.str() + R"(","size":)" +
      std::to_string(blob.size) + R"(},"layers":[]})";
  return store.put(manifest, oci::media_type_manifest);
}

std::vector<std::string> platforms(const oci::Index& index) {
  std::vector<std::string> names;
  for (const oci::Descriptor& child : index.manifests)
    names.push_back(child.platform ? child.platform->architecture : "?");
  std::sort(names.begin(), names.end());
  return names;
}

/// Every file below a folder with its bytes' digest, to compare folders byte for byte.
std::map<std::string, std::string> snapshot(const fs::path& folder) {
  std::map<std::string, std::string> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[entry.path().string()] = Digest::of_file(entry.path()).str();
  }
  return files;
}

class Publish : public testing::Test {
 protected:
  fs::path layout() const { return scratch_.path() / "target"; }
  std::unique_ptr<Target> target() {
    return open_target("oci:target", scratch_.path(), process::system_runner(), {});
  }

  Shipment shipment(const std::vector<std::string>& arches, const std::string& salt = "") {
    Shipment shipment{"linuxkit/redis", "abc", {}};
    for (const std::string& arch : arches)
      shipment.manifests.emplace(arch, put_image(store_, arch, salt));
    return shipment;
  }

  std::vector<Published> release(const std::vector<Shipment>& shipments) {
    const auto to = target();
    const StagedRelease staged = stage(shipments, *to, store_, journal_);
    return publish(staged, *to, store_, journal_);
  }

  TemporaryDirectory scratch_;
  oci::Store store_{scratch_.path() / "store"};
  Journal journal_{scratch_.path() / "release"};
};

TEST_F(Publish, an_index_lists_exactly_the_shipped_manifests) {
  const Shipment redis = shipment({"amd64", "arm64"});
  const std::vector<Published> done = release({redis});

  const oci::Store written(layout());
  const std::optional<oci::Descriptor> index = written.resolve("linuxkit/redis:abc");
  ASSERT_TRUE(index);
  EXPECT_EQ(index->digest, done.at(0).index);
  EXPECT_TRUE(written.complete(*index));
  for (const oci::Descriptor& child : oci::parse_index(written.read(*index)).manifests) {
    EXPECT_EQ(child.digest, redis.manifests.at(child.platform->architecture).digest);
  }
  EXPECT_EQ(written.resolve("linuxkit/redis:abc-arm64")->digest,
            redis.manifests.at("arm64").digest);
}

TEST_F(Publish, staging_shows_no_tag) {
  const auto to = target();
  stage({shipment({"amd64"})}, *to, store_, journal_);
  EXPECT_TRUE(oci::Store(layout()).names().empty());
}

TEST_F(Publish, looking_at_a_target_that_is_not_there_does_not_make_it) {
  EXPECT_FALSE(target()->current_index("linuxkit/redis", "abc"));
  EXPECT_FALSE(fs::exists(layout()));
}

TEST_F(Publish, publishing_the_same_again_changes_no_byte) {
  release({shipment({"amd64", "arm64"})});
  const auto before = snapshot(layout());
  EXPECT_FALSE(release({shipment({"amd64", "arm64"})}).at(0).changed);
  EXPECT_EQ(snapshot(layout()), before);
}

TEST_F(Publish, arches_that_others_published_are_kept) {
  release({shipment({"riscv64"})});
  release({shipment({"amd64", "arm64"})});
  const oci::Store written(layout());
  const oci::Descriptor index = written.resolve("linuxkit/redis:abc").value();
  EXPECT_THAT(platforms(oci::parse_index(written.read(index))),
              ElementsAre("amd64", "arm64", "riscv64"));
  EXPECT_TRUE(written.complete(index));
}

TEST_F(Publish, our_arch_replaces_the_one_that_was_there) {
  release({shipment({"amd64"}, "old")});
  const Shipment redis = shipment({"amd64"}, "new");
  release({redis});
  const oci::Store written(layout());
  const oci::Index index =
      oci::parse_index(written.read(written.resolve("linuxkit/redis:abc").value()));
  ASSERT_EQ(index.manifests.size(), 1u);
  EXPECT_EQ(index.manifests[0].digest, redis.manifests.at("amd64").digest);
}

/// A target on which somebody else writes in between.
class ContestedTarget : public Target {
 public:
  std::string name() const override { return "contested"; }
  std::optional<oci::Index> current_index(const std::string&, const std::string&) override {
    return std::nullopt;
  }
  void stage(const std::string&, const oci::Store&, const oci::Descriptor&) override {}
  void fetch(const std::string&, const oci::Descriptor&, oci::Store&) override {}
  void tag(const std::string&, const std::string&, const oci::Store&,
           const oci::Descriptor&) override {}
  void commit() override {}
  std::optional<Digest> read_back(const std::string&, const std::string&) override {
    return Digest::of("theirs");
  }
};

TEST_F(Publish, a_tag_that_reads_back_differently_is_an_error) {
  ContestedTarget to;
  const StagedRelease staged = stage({shipment({"amd64"})}, to, store_, journal_);
  try {
    publish(staged, to, store_, journal_);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("linuxkit/redis:abc-amd64 is " + Digest::of("theirs").str()));
  }
}

TEST_F(Publish, the_journal_tells_every_step) {
  release({shipment({"amd64"})});
  const std::string journal = read_file(scratch_.path() / "release" / "journal.jsonl");
  EXPECT_THAT(journal, HasSubstr("\"event\":\"staged\""));
  EXPECT_THAT(journal, HasSubstr("\"event\":\"published\""));
}

TEST(Target, refuses_what_is_no_place_to_publish) {
  for (const char* text :
       {"", "oci:", "somewhere", "https://127.0.0.1:5000/x", "127.0.0.1:5000/", "a b.c/x"}) {
    try {
      open_target(text, "/", process::system_runner(), {});
      ADD_FAILURE() << text << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage) << text;
    }
  }
}

}  // namespace
}  // namespace rtfx::gate
