// SPDX-License-Identifier: Apache-2.0
#include "ci/publish/publish.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ci/publish/fake_target.hpp"

namespace rtfx::publish {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Publish : public testing::Test {
 protected:
  Publish() { target_.evidence_wanted = true; }

  FakeContent content_;
  FakeTarget target_{content_};
  Publisher ours_;
};

TEST_F(Publish, sets_every_tag_and_the_record) {
  ours_.ship("one", {"amd64", "arm64"});
  ours_.order.names = {"v1"};
  const Publication done = ours_.publish(target_);

  std::vector<std::string> tags;
  for (const auto& [tag, digest] : content_.tags) tags.push_back(tag);
  EXPECT_THAT(tags,
              ElementsAre("demo/one:abc", "demo/one:abc-amd64", "demo/one:abc-arm64", "demo/one:v1",
                          "demo/releases:latest", done.record, "demo/releases:v1"));
  EXPECT_EQ(content_.tags.at("demo/one:abc"), done.images.at(0).index);
  EXPECT_EQ(content_.tags.at("demo/one:v1"), done.images.at(0).index);
  EXPECT_EQ(content_.tags.at("demo/releases:latest"), done.record_digest);
  EXPECT_TRUE(done.changed);
  EXPECT_EQ(stage_of(read_journal(ours_.folder())), Stage::done);
}

TEST_F(Publish, a_name_takes_the_place_of_the_hash_in_a_tag) {
  const std::string hash(40, 'a');
  ours_.ship("kernel", {"amd64"});
  ours_.order.shipments.back().tag = hash;
  ours_.ship("kernel", {"arm64"});
  ours_.order.shipments.back().tag = "6.12-tiny-" + hash;
  ours_.order.names = {"v1"};
  ours_.publish(target_);
  EXPECT_TRUE(content_.tags.contains("demo/kernel:v1"));
  EXPECT_TRUE(content_.tags.contains("demo/kernel:6.12-tiny-v1"));
  EXPECT_NE(content_.tags.at("demo/kernel:v1"), content_.tags.at("demo/kernel:6.12-tiny-v1"));
}

TEST_F(Publish, a_name_that_two_images_would_have_is_refused_before_anything_is_written) {
  ours_.ship("kernel", {"amd64"});
  ours_.ship("kernel", {"arm64"});
  ours_.order.shipments.back().tag = "def";
  ours_.order.names = {"v1"};
  try {
    ours_.publish(target_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("demo/kernel:v1 stand for two images, tagged abc and def"));
  }
  EXPECT_TRUE(content_.tags.empty());
}

TEST_F(Publish, the_record_tells_what_was_published) {
  ours_.ship("one", {"amd64"});
  ours_.order.outcome.not_passing = {{"case", "demo.x", "amd64", "fail", "waived"}};
  const Publication done = ours_.publish(target_);
  const std::optional<Record> record = read_record(target_, "demo", "latest");
  ASSERT_TRUE(record);
  ASSERT_EQ(record->images.size(), 1u);
  EXPECT_EQ(record->images[0].ref, "demo/one:abc");
  EXPECT_EQ(record->images[0].index, done.images[0].index);
  EXPECT_EQ(record->images[0].tested, done.images[0].manifests);
  EXPECT_EQ(record->outcome, ours_.order.outcome);
}

TEST_F(Publish, latest_comes_last) {
  ours_.ship("one", {"amd64"});
  std::vector<std::string> moved;
  std::mutex mutex;
  target_.before_move = [&](const std::string& ref) {
    const std::lock_guard lock(mutex);
    moved.push_back(ref);
  };
  ours_.publish(target_);
  EXPECT_EQ(moved.front(), "demo/one:abc-amd64");
  EXPECT_EQ(moved.back(), "demo/releases:latest");
}

TEST_F(Publish, again_writes_nothing) {
  ours_.ship("one", {"amd64", "arm64"});
  ours_.publish(target_);
  FakeTarget again(content_);
  const Publication done = ours_.publish(again);
  EXPECT_EQ(again.writes, 0u);
  EXPECT_FALSE(done.changed);
  EXPECT_FALSE(done.images.at(0).changed);
}

TEST_F(Publish, evidence_that_is_missing_is_added_to_what_is_there) {
  ours_.ship("one", {"amd64"});
  ours_.publish(target_);
  const auto tags = content_.tags;
  content_.attached.clear();
  std::erase_if(content_.manifests, [](const auto& entry) {
    return entry.second.bytes.find("subject") != std::string::npos;
  });
  FakeTarget again(content_);
  EXPECT_TRUE(ours_.publish(again).changed);
  EXPECT_EQ(content_.attached.size(), 2u);
  EXPECT_EQ(content_.tags, tags);
}

TEST_F(Publish, arches_that_others_published_are_kept) {
  Publisher other;
  other.ship("one", {"riscv64"});
  other.publish(target_);
  ours_.ship("one", {"amd64", "arm64"});
  const Publication done = ours_.publish(target_);
  EXPECT_THAT(arches_at(content_, "demo/one", "abc"), ElementsAre("amd64", "arm64", "riscv64"));
  EXPECT_THAT(done.images.at(0).arches, ElementsAre("amd64", "arm64", "riscv64"));
}

TEST_F(Publish, our_arch_replaces_the_one_that_was_there) {
  Publisher other;
  other.ship("one", {"amd64"}, "old");
  other.publish(target_);
  ours_.ship("one", {"amd64"}, "new");
  ours_.publish(target_);
  EXPECT_THAT(arches_at(content_, "demo/one", "abc"), ElementsAre("amd64"));
  EXPECT_EQ(content_.tags.at("demo/one:abc-amd64"),
            ours_.order.shipments[0].manifests.at("amd64").digest);
}

TEST_F(Publish, allow_shrink_lists_our_arches_only) {
  Publisher other;
  other.ship("one", {"riscv64"});
  other.publish(target_);
  ours_.ship("one", {"amd64"});
  ours_.order.allow_shrink = true;
  ours_.publish(target_);
  EXPECT_THAT(arches_at(content_, "demo/one", "abc"), ElementsAre("amd64"));
}

TEST_F(Publish, a_name_that_would_lose_an_arch_is_refused_before_anything_is_written) {
  Publisher other;
  other.ship("one", {"riscv64"});
  other.order.shipments[0].tag = "older";
  other.order.names = {"stable"};
  other.publish(target_);
  const FakeContent before = content_;
  ours_.ship("one", {"amd64"});
  ours_.order.names = {"stable"};
  FakeTarget target(content_);
  try {
    ours_.publish(target);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("demo/one:stable has riscv64, which demo/one:abc lacks"));
  }
  EXPECT_EQ(target.writes, 0u);
  EXPECT_EQ(content_.tags, before.tags);

  ours_.order.allow_shrink = true;
  ours_.publish(target);
  EXPECT_THAT(arches_at(content_, "demo/one", "stable"), ElementsAre("amd64"));
}

TEST_F(Publish, a_tag_that_others_move_in_between_is_merged_anew) {
  ours_.ship("one", {"amd64"});
  Publisher other;
  other.ship("one", {"arm64"});
  bool done = false;
  target_.before_move = [&](const std::string& ref) {
    if (ref != "demo/one:abc" || std::exchange(done, true)) return;
    FakeTarget theirs(content_);
    other.publish(theirs);
  };
  ours_.publish(target_);
  EXPECT_THAT(arches_at(content_, "demo/one", "abc"), ElementsAre("amd64", "arm64"));
  const std::optional<Record> record = read_record(target_, "demo", "latest");
  EXPECT_EQ(record->images.at(0).index, content_.tags.at("demo/one:abc"));
}

TEST_F(Publish, a_tag_that_another_host_overwrites_is_written_again) {
  ours_.ship("one", {"amd64"});
  Publisher other;
  other.ship("one", {"arm64"});
  FakeContent elsewhere;
  FakeTarget theirs(elsewhere);
  other.publish(theirs);
  // What the other host had read before us it writes after us.
  target_.settle = std::chrono::milliseconds(1);
  bool done = false;
  target_.while_waiting = [&] {
    if (std::exchange(done, true)) return;
    content_.manifests.insert(elsewhere.manifests.begin(), elsewhere.manifests.end());
    content_.tags.insert_or_assign("demo/one:abc", elsewhere.tags.at("demo/one:abc"));
  };
  ours_.publish(target_);
  EXPECT_TRUE(done);
  EXPECT_THAT(arches_at(content_, "demo/one", "abc"), ElementsAre("amd64", "arm64"));
}

TEST_F(Publish, the_record_is_there_untagged_while_others_may_still_overwrite_an_index) {
  ours_.ship("one", {"amd64"});
  target_.settle = std::chrono::milliseconds(1);
  bool waited = false;
  target_.while_waiting = [&] {
    waited = true;
    const auto of_records = [](const auto& entry) {
      return entry.first.starts_with("demo/releases");
    };
    EXPECT_TRUE(std::any_of(content_.manifests.begin(), content_.manifests.end(), of_records));
    EXPECT_TRUE(std::none_of(content_.tags.begin(), content_.tags.end(), of_records));
  };
  ours_.publish(target_);
  EXPECT_TRUE(waited);
}

TEST_F(Publish, an_arch_tag_that_reads_back_differently_is_an_error) {
  ours_.ship("one", {"amd64"});
  const Digest theirs = ours_.image("amd64", "theirs").digest;
  target_.before_move = [&](const std::string& ref) {
    if (ref != "demo/releases:latest") return;
    content_.manifests.insert_or_assign("demo/one@" + theirs.str(),
                                        registry::Document{ours_.image("amd64", "theirs"), ""});
    content_.tags.insert_or_assign("demo/one:abc-amd64", theirs);
  };
  try {
    ours_.publish(target_);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("demo/one:abc-amd64 is " + theirs.str()));
  }
}

TEST_F(Publish, others_that_never_stop_are_an_error_in_the_end) {
  ours_.ship("one", {"amd64"});
  int n = 0;
  target_.before_move = [&](const std::string& ref) {
    if (ref != "demo/one:abc") return;
    const oci::Descriptor theirs = ours_.image("s390x", std::to_string(++n));
    content_.manifests.insert_or_assign("demo/one@" + theirs.digest.str(),
                                        registry::Document{theirs, ours_.store.read(theirs)});
    oci::Manifest manifest = oci::parse_manifest(ours_.store.read(theirs));
    content_.blobs["demo/one@" + manifest.config.digest.str()] = ours_.store.read(manifest.config);
    content_.tags.insert_or_assign("demo/one:abc", theirs.digest);
  };
  try {
    ours_.publish(target_);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("others change the same tags all the time"));
  }
  EXPECT_FALSE(content_.tags.contains("demo/releases:latest"));
}

}  // namespace
}  // namespace rtfx::publish
