// SPDX-License-Identifier: Apache-2.0
//
// Every call of a publisher to its target fails, one after the other. FakeTarget looks at every tag when it is set.
#include <gtest/gtest.h>

#include <tuple>

#include "ci/publish/fake_target.hpp"
#include "ci/publish/rollback.hpp"

namespace rtfx::publish {
namespace {

void order_all(Publisher& publisher) {
  publisher.ship("one", {"amd64", "arm64"});
  publisher.ship("two", {"amd64"});
  publisher.order.names = {"v1"};
}

/// What the target had before: an older release, and an arch of somebody else.
void put_before(FakeContent& content) {
  FakeTarget target(content);
  Publisher other;
  other.ship("one", {"riscv64"});
  other.publish(target);
  Publisher older;
  older.ship("two", {"amd64"}, "older");
  older.order.shipments[0].tag = "older";
  older.order.names = {"v1"};
  older.publish(target);
}

/// How many calls publishing makes when nothing fails, and what is there then.
std::pair<std::size_t, FakeContent> undisturbed() {
  FakeContent content;
  put_before(content);
  FakeTarget target(content);
  Publisher ours;
  order_all(ours);
  ours.publish(target);
  return {target.calls, content};
}

void check_old_or_new(const FakeContent& content, const FakeContent& before,
                      const FakeContent& after) {
  for (const auto& [tag, digest] : content.tags) {
    const auto was = before.tags.find(tag);
    const bool old = was != before.tags.end() && was->second == digest;
    const auto will = after.tags.find(tag);
    EXPECT_TRUE(old || (will != after.tags.end() && will->second == digest))
        << tag << " is something in between";
  }
  // The commit point: whoever sees it sees everything.
  if (content.tags.at("demo/releases:latest") == after.tags.at("demo/releases:latest")) {
    EXPECT_EQ(content.tags, after.tags);
  }
}

class Sweep : public testing::TestWithParam<std::pair<bool, bool>> {
 protected:
  /// An order that publishes to `content` until call n, which fails as the parameter says.
  struct Failed : Publisher {
    Failed(FakeContent& content, std::size_t n, bool evidence_wanted) {
      order_all(*this);
      FakeTarget target(content);
      target.evidence_wanted = evidence_wanted;
      target.fail_at = n;
      std::tie(target.fail_for_ever, target.fail_late) = GetParam();
      EXPECT_THROW(publish(target), Error);
    }
  };
};

TEST_P(Sweep, a_failed_call_shows_nothing_wrong_and_is_made_good_by_doing_it_again) {
  const auto [calls, after] = undisturbed();
  FakeContent before;
  put_before(before);
  ASSERT_GT(calls, 30u);
  for (std::size_t n = 1; n <= calls; ++n) {
    SCOPED_TRACE("call " + std::to_string(n) + " of " + std::to_string(calls));
    FakeContent content = before;
    Failed ours(content, n, true);
    check_old_or_new(content, before, after);

    FakeTarget again(content);
    again.evidence_wanted = true;
    ours.publish(again);
    EXPECT_EQ(content.tags, after.tags);
    EXPECT_EQ(content.attached, after.attached);
    EXPECT_EQ(content.manifests.size(), after.manifests.size());
    EXPECT_EQ(stage_of(read_journal(ours.folder())), Stage::done);
  }
}

TEST_P(Sweep, what_was_half_published_can_be_taken_back) {
  const auto [calls, after] = undisturbed();
  FakeContent before;
  put_before(before);
  for (std::size_t n = 1; n <= calls; ++n) {
    SCOPED_TRACE("call " + std::to_string(n) + " of " + std::to_string(calls));
    FakeContent content = before;
    Failed ours(content, n, false);
    FakeTarget back(content);
    const RolledBack result =
        roll_back(ours.folder(), "demo", back, ours.order.locks, [](const std::string&) {});
    EXPECT_TRUE(result.left.empty());
    EXPECT_EQ(content.tags, before.tags);
  }
}

INSTANTIATE_TEST_SUITE_P(Failures, Sweep,
                         testing::Values(std::pair{false, false}, std::pair{false, true},
                                         std::pair{true, false}),
                         [](const auto& info) {
                           return std::string(info.param.first ? "for_ever" : "once") +
                                  (info.param.second ? "_late" : "");
                         });

TEST(Rollback, is_made_good_by_doing_it_again_wherever_it_fails) {
  const auto [unused, after] = undisturbed();
  FakeContent before;
  put_before(before);
  for (std::size_t n = 1;; ++n) {
    SCOPED_TRACE("call " + std::to_string(n));
    FakeContent content = before;
    Publisher ours;
    order_all(ours);
    FakeTarget target(content);
    ours.publish(target);
    const auto back = [&](FakeTarget& to) {
      return roll_back(ours.folder(), "demo", to, ours.order.locks, [](const std::string&) {});
    };
    FakeTarget failing(content);
    failing.fail_at = n;
    bool failed = false;
    try {
      back(failing);
    } catch (const Error&) {
      failed = true;
    }
    FakeTarget again(content);
    back(again);
    EXPECT_EQ(content.tags, before.tags);
    EXPECT_EQ(stage_of(read_journal(ours.folder())), Stage::rolled_back);
    if (!failed) break;
    ASSERT_LT(n, 1000u);
  }
}

}  // namespace
}  // namespace rtfx::publish
