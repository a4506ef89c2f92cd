// SPDX-License-Identifier: Apache-2.0
#include "harness/registry/stage.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "harness/registry/publisher.hpp"
#include "harness/registry/tag_writer.hpp"

namespace rtfx::registry {
namespace {

const oci::Reference other_repository = oci::parse_reference("reg.example.org/demo/two:v1");

class Stage : public ::testing::Test {
 protected:
  /// An index of these images in the store.
  oci::Descriptor index(const std::vector<oci::Descriptor>& images) {
    const Document document = index_document({images, {}});
    return host_.store.put(document.bytes, document.descriptor.media_type);
  }
  Staged stage_it(const std::vector<oci::Descriptor>& entries,
                  const oci::Reference& to = demo_image) {
    return stage(*host_.client, host_.store, to, entries);
  }
  std::size_t position(const std::string& line) const {
    const auto lines = host_.client.registry->lines();
    return static_cast<std::size_t>(std::find(lines.begin(), lines.end(), line) - lines.begin());
  }
  std::shared_ptr<RegistryContent> content_ = std::make_shared<RegistryContent>();
  Host host_{content_};
  const oci::Descriptor amd64_ = host_.images.image("amd64", "a"),
                        arm64_ = host_.images.image("arm64", "b");
};

TEST_F(Stage, children_go_before_the_index_and_nothing_is_tagged) {
  const oci::Descriptor all = index({amd64_, arm64_});
  const Staged staged = stage_it({all, amd64_});
  EXPECT_EQ(staged.manifests_sent, 3u);
  EXPECT_EQ(staged.blobs_sent, 4u);
  EXPECT_EQ(staged.blobs_mounted, 0u);
  const std::string put = "PUT /v2/demo/one/manifests/";
  EXPECT_LT(position(put + amd64_.digest.str()), position(put + all.digest.str()));
  EXPECT_LT(position(put + arm64_.digest.str()), position(put + all.digest.str()));
  for (const auto& [name, document] : content_->manifests)
    EXPECT_EQ(name.find("one:"), std::string::npos) << name;
}

TEST_F(Stage, what_is_there_costs_one_question_each) {
  const oci::Descriptor all = index({amd64_, arm64_});
  stage_it({all});
  host_.client.registry->requests.clear();
  const Staged again = stage_it({amd64_, arm64_, all});
  EXPECT_EQ(again.blobs_sent + again.blobs_mounted + again.manifests_sent, 0u);
  EXPECT_EQ(host_.client.registry->requests.size(), 3u);
  EXPECT_EQ(host_.client.registry->count("HEAD"), 3u);
}

TEST_F(Stage, small_blobs_are_sent_without_asking_and_large_ones_are_asked_for_first) {
  const oci::Descriptor large = host_.images.image("amd64", std::string(100000, 'l'));
  stage_it({large});
  EXPECT_EQ(host_.client.registry->count("HEAD /v2/demo/one/blobs/"), 1u);
  EXPECT_EQ(host_.client.registry->count("POST"), 2u);
  // Without the manifest a new client cannot know of either.
  content_->manifests.clear();
  Host again(content_);
  again.images.image("amd64", std::string(100000, 'l'));
  const Staged staged = stage(*again.client, again.store, demo_image, {large});
  EXPECT_EQ(staged.blobs_sent, 1u);
  EXPECT_EQ(staged.manifests_sent, 1u);
}

TEST_F(Stage, a_blob_that_was_brought_there_is_not_asked_for_again) {
  stage_it({amd64_});
  content_->manifests.clear();
  host_.client.registry->requests.clear();
  EXPECT_EQ(stage_it({amd64_}).manifests_sent, 1u);
  EXPECT_EQ(host_.client.registry->requests.size(), 2u);  // HEAD and PUT of the manifest
}

TEST_F(Stage, blobs_that_another_repository_has_are_mounted) {
  stage_it({amd64_});
  const Staged second = stage_it({amd64_}, other_repository);
  EXPECT_EQ(second.blobs_sent, 0u);
  EXPECT_EQ(second.blobs_mounted, 2u);
  EXPECT_EQ(second.manifests_sent, 1u);
  EXPECT_TRUE(content_->manifests.contains("demo/two@" + amd64_.digest.str()));
}

TEST_F(Stage, what_goes_to_two_repositories_at_once_is_sent_once) {
  host_.client.registry->instead = [](const Request& request) -> std::optional<Response> {
    if (request.method == "PUT") std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return std::nullopt;
  };
  Staged one, two;
  {
    const std::jthread other([&] { two = stage_it({amd64_}, other_repository); });
    one = stage_it({amd64_});
  }
  EXPECT_EQ(one.blobs_sent + two.blobs_sent, 2u);
  EXPECT_EQ(one.blobs_mounted + two.blobs_mounted, 2u);
}

TEST_F(Stage, a_mount_that_is_refused_is_an_upload) {
  stage_it({amd64_});
  // Another login is needed to read there.
  host_.client.registry->instead = [](const Request& request) -> std::optional<Response> {
    return request.url.find("mount=") != std::string::npos ? std::optional(Response{403, {}, ""})
                                                           : std::nullopt;
  };
  EXPECT_EQ(stage_it({amd64_}, other_repository).blobs_sent, 2u);
  host_.client.registry->instead = nullptr;
  EXPECT_EQ(stage_it({amd64_}, other_repository).manifests_sent, 0u);
}

TEST_F(Stage, an_index_may_list_what_only_the_repository_has) {
  Host other(content_);
  const oci::Descriptor theirs = other.images.image("riscv64", "c");
  stage(*other.client, other.store, demo_image, {theirs});
  const oci::Descriptor all = index({amd64_, theirs});
  const Staged staged = stage_it({all});
  EXPECT_EQ(staged.manifests_sent, 2u);
  EXPECT_TRUE(content_->manifests.contains("demo/one@" + all.digest.str()));
}

TEST_F(Stage, what_nobody_has_is_an_error_before_anything_is_written) {
  oci::Descriptor nowhere = amd64_;
  nowhere.digest = Digest::of("nowhere");
  EXPECT_THROW(stage_it({index({arm64_, nowhere})}), Error);
  EXPECT_EQ(host_.client.registry->count("PUT"), 0u);
}

TEST_F(Stage, another_size_of_a_manifest_is_an_error) {
  stage_it({amd64_});
  oci::Descriptor other = amd64_;
  other.size += 1;
  EXPECT_THROW(stage_it({other}), Error);
}

TEST_F(Stage, indexes_are_told_before_a_tag_stands_for_them) {
  stage_it({amd64_, arm64_});
  std::vector<Digest> told;
  const auto merge = [&](const oci::Descriptor& image) {
    return merge_into_tag(*host_.client, demo_image, {image}, host_.directory.path() / "locks",
                          [&](const Document& index) {
                            EXPECT_EQ(
                                content_->manifests.contains("demo/one:v1") &&
                                    content_->manifests.at("demo/one:v1").bytes == index.bytes,
                                !told.empty() && told.back() == index.descriptor.digest);
                            told.push_back(index.descriptor.digest);
                          });
  };
  const Digest first = merge(amd64_).digest;
  EXPECT_EQ(told, std::vector{first});
  merge(amd64_);  // it stands for it already
  EXPECT_EQ(told, (std::vector{first, first}));
  const Digest second = merge(arm64_).digest;
  EXPECT_EQ(told, (std::vector{first, first, second}));
}

TEST_F(Stage, an_index_that_had_to_be_merged_anew_is_told_again) {
  stage_it({amd64_, arm64_});
  Host other(content_);
  std::vector<std::vector<std::string>> told;
  merge_into_tag(*host_.client, demo_image, {amd64_}, host_.directory.path() / "locks",
                 [&](const Document& index) {
                   told.push_back(arches_of(oci::parse_index(index.bytes).manifests));
                   if (told.size() == 1)
                     merge_into_tag(*other.client, demo_image, {arm64_},
                                    other.directory.path() / "locks");
                 });
  EXPECT_EQ(told, (std::vector<std::vector<std::string>>{{"amd64"}, {"amd64", "arm64"}}));
  const auto now = TestClient(content_)->document(demo_image);
  EXPECT_EQ(arches_of(oci::parse_index(now->bytes).manifests),
            (std::vector<std::string>{"amd64", "arm64"}));
}

TEST_F(Stage, many_tags_share_one_wait) {
  stage_it({amd64_, arm64_});
  std::vector<TagMerge> merges;
  for (const char* tag : {"1", "2", "3", "4", "5", "6"})
    merges.push_back({demo_image.with_tag(tag), {amd64_, arm64_}});
  const auto pushed = merge_into_tags(*host_.client, merges, host_.directory.path() / "locks");
  ASSERT_EQ(pushed.size(), 6u);
  for (const Pushed& one : pushed) EXPECT_EQ(one.change, Pushed::Change::created) << one.ref;
  EXPECT_EQ(host_.client.waits.size(), 1u);
  merges.push_back(merges.front());
  EXPECT_THROW(merge_into_tags(*host_.client, merges, host_.directory.path() / "locks"), Error);
}

}  // namespace
}  // namespace rtfx::registry
