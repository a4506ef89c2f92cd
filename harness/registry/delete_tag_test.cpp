// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "harness/registry/publisher.hpp"
#include "harness/registry/stage.hpp"
#include "harness/registry/tag_writer.hpp"

namespace rtfx::registry {
namespace {

using Deletes = RegistryContent::Deletes;

/// An image under the tags v1 and more.
class DeleteTag : public ::testing::Test {
 protected:
  DeleteTag() {
    stage(*host_.client, host_.store, demo_image, {image_});
    tag("v1");
  }
  void tag(const std::string& name) {
    set_tag(*host_.client, demo_image.with_tag(name), {image_, host_.store.read(image_)},
            host_.directory.path() / "locks");
  }
  bool has(const std::string& name) const {
    return content_->manifests.contains("demo/one:" + name);
  }

  std::shared_ptr<RegistryContent> content_ = std::make_shared<RegistryContent>();
  Host host_{content_};
  const oci::Descriptor image_ = host_.images.image("amd64", "a");
};

TEST_F(DeleteTag, where_tags_can_be_deleted) {
  content_->deletes = Deletes::tags;
  tag("v2");
  EXPECT_TRUE(host_.client->delete_tag(demo_image));
  EXPECT_FALSE(has("v1"));
  EXPECT_TRUE(has("v2"));
  EXPECT_TRUE(host_.client->delete_tag(demo_image));  // it is not there any more
}

TEST_F(DeleteTag, where_nothing_can_be_deleted) {
  EXPECT_FALSE(host_.client->delete_tag(demo_image));
  EXPECT_TRUE(has("v1"));
}

TEST_F(DeleteTag, by_digest_when_no_other_tag_needs_it) {
  content_->deletes = Deletes::digests;
  content_->page = 1;
  host_.build("arm64", "another");
  push(*host_.client, host_.store, "one", demo_image.with_tag("other"), {});
  EXPECT_TRUE(host_.client->delete_tag(demo_image));
  EXPECT_FALSE(has("v1"));
  EXPECT_TRUE(has("other"));
}

TEST_F(DeleteTag, not_by_digest_when_another_tag_stands_for_it) {
  content_->deletes = Deletes::digests;
  content_->page = 1;
  for (const char* name : {"a", "b", "z"}) tag(name);
  EXPECT_FALSE(host_.client->delete_tag(demo_image));
  for (const char* name : {"v1", "a", "b", "z"}) EXPECT_TRUE(has(name)) << name;
}

TEST_F(DeleteTag, not_by_digest_when_an_index_lists_it) {
  content_->deletes = Deletes::digests;
  merge_into_tag(*host_.client, demo_image.with_tag("index"), {image_},
                 host_.directory.path() / "locks");
  EXPECT_FALSE(host_.client->delete_tag(demo_image));
  EXPECT_TRUE(has("v1"));
  // The index goes first, then nothing needs the image.
  EXPECT_TRUE(host_.client->delete_tag(demo_image.with_tag("index")));
  EXPECT_TRUE(host_.client->delete_tag(demo_image));
  EXPECT_FALSE(has("v1"));
}

TEST_F(DeleteTag, a_login_without_the_right_is_an_error) {
  host_.client.registry->instead = [](const Request& request) -> std::optional<Response> {
    return request.method == "DELETE" ? std::optional(Response{403, {}, ""}) : std::nullopt;
  };
  EXPECT_THROW(host_.client->delete_tag(demo_image), Error);
  EXPECT_TRUE(has("v1"));
}

TEST_F(DeleteTag, a_digest_is_no_tag) {
  EXPECT_THROW(host_.client->delete_tag(demo_image.with_digest(image_.digest)), Error);
}

}  // namespace
}  // namespace rtfx::registry
