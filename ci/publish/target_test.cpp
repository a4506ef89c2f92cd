// SPDX-License-Identifier: Apache-2.0
//
// The targets themselves: an OCI layout, and a registry that is a few maps.
#include "ci/publish/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ci/publish/fake_target.hpp"
#include "ci/publish/rollback.hpp"
#include "harness/registry/fake_registry.hpp"

namespace rtfx::publish {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Target, refuses_what_is_no_place_to_publish) {
  for (const char* text :
       {"", "oci:", "somewhere", "https://127.0.0.1:5000/x", "127.0.0.1:5000/", "a b.c/x"}) {
    try {
      open_target(text, {}, {});
      ADD_FAILURE() << text << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage) << text;
    }
  }
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

class Layout : public testing::Test {
 protected:
  fs::path directory() const { return ours_.directory() / "target"; }
  std::unique_ptr<Target> target() const { return make_layout_target(directory(), {}); }
  Publication publish() {
    const auto to = target();
    return ours_.publish(*to);
  }
  RolledBack back() {
    const auto to = target();
    return roll_back(ours_.folder(), "demo", *to, ours_.order.locks, [](const std::string&) {});
  }

  Publisher ours_;
};

TEST_F(Layout, has_exactly_what_was_shipped) {
  ours_.ship("one", {"amd64", "arm64"});
  const Publication done = publish();
  const oci::Store written(directory());
  const std::optional<oci::Descriptor> index = written.resolve("demo/one:abc");
  ASSERT_TRUE(index);
  EXPECT_EQ(index->digest, done.images.at(0).index);
  EXPECT_TRUE(written.complete(*index));
  for (const oci::Descriptor& child : oci::parse_index(written.read(*index)).manifests) {
    EXPECT_EQ(written.resolve("demo/one:abc-" + child.platform->architecture)->digest,
              child.digest);
  }
  EXPECT_EQ(written.resolve("demo/releases:latest")->digest, done.record_digest);
}

TEST_F(Layout, looking_at_one_that_is_not_there_does_not_make_it) {
  EXPECT_FALSE(target()->current("demo/one", "abc"));
  EXPECT_FALSE(target()->current("demo/one", Digest::of("x").str()));
  EXPECT_TRUE(target()->referrers("demo/one", Digest::of("x")).empty());
  EXPECT_FALSE(fs::exists(directory()));
}

TEST_F(Layout, shows_nothing_before_it_is_committed) {
  ours_.ship("one", {"amd64"});
  const auto to = target();
  const oci::Descriptor image = ours_.order.shipments[0].manifests.at("amd64");
  to->stage("demo/one", ours_.store, {image});
  to->move("demo/one", "abc", std::nullopt, {image, ours_.store.read(image)});
  EXPECT_FALSE(to->current("demo/one", "abc"));
  EXPECT_TRUE(oci::Store(directory()).names().empty());
  to->commit();
  EXPECT_EQ(to->current_digest("demo/one", "abc"), image.digest);
}

TEST_F(Layout, publishing_the_same_again_changes_no_byte) {
  ours_.ship("one", {"amd64", "arm64"});
  publish();
  const auto before = snapshot(directory());
  EXPECT_FALSE(publish().changed);
  EXPECT_EQ(snapshot(directory()), before);
}

TEST_F(Layout, a_name_that_others_moved_keeps_all_names_as_they_are) {
  ours_.ship("one", {"amd64"});
  publish();
  const oci::Descriptor image = ours_.order.shipments[0].manifests.at("amd64");
  const registry::Document document{image, ours_.store.read(image)};
  const auto to = target();
  const auto before = snapshot(directory());
  to->move("demo/one", "new", std::nullopt, document);
  to->move("demo/one", "abc", Digest::of("what it was"), document);
  EXPECT_THROW(to->commit(), Conflict);
  EXPECT_EQ(snapshot(directory()), before);
}

TEST_F(Layout, lists_referrers_with_their_types) {
  ours_.ship("one", {"amd64"});
  const Publication done = publish();
  const Digest index = done.images.at(0).index;
  const auto to = target();
  ASSERT_EQ(to->referrers("demo/one", index).size(), 1u);
  EXPECT_EQ(to->referrers("demo/one", index, "application/vnd.oci.empty.v1+json").size(), 1u);
  EXPECT_TRUE(to->referrers("demo/one", index, "something/else").empty());
}

TEST_F(Layout, arches_of_others_are_kept_and_complete) {
  Publisher other;
  other.ship("one", {"riscv64"});
  const auto theirs = target();
  other.publish(*theirs);
  ours_.ship("one", {"amd64"});
  EXPECT_THAT(publish().images.at(0).arches, ElementsAre("amd64", "riscv64"));
  const oci::Store written(directory());
  EXPECT_TRUE(written.complete(*written.resolve("demo/one:abc")));
}

TEST_F(Layout, a_release_can_be_taken_back) {
  Publisher older;
  older.ship("one", {"amd64"}, "older");
  older.order.names = {"v1"};
  const auto first = target();
  older.publish(*first);
  const auto names = [&] {
    std::map<std::string, std::string> result;
    for (const auto& [name, descriptor] : oci::Store(directory()).names())
      if (name.find(":sha256-") == std::string::npos) result[name] = descriptor.digest.str();
    return result;
  };
  const auto before = names();
  ours_.ship("one", {"amd64", "arm64"}, "newer");
  ours_.order.names = {"v1"};
  publish();
  EXPECT_NE(names(), before);
  const RolledBack result = back();
  EXPECT_TRUE(result.left.empty());
  EXPECT_EQ(names(), before);
}

class Registry : public testing::Test {
 protected:
  /// A client of the same content for each target.
  std::unique_ptr<Target> target() {
    auto http = std::make_unique<registry::FakeRegistry>(content_);
    registry_ = http.get();
    registry::RegistryOptions options;
    options.docker_config = ours_.directory() / "config.json";
    write_file_atomically(options.docker_config, "{}");
    return make_registry_target(
        "reg.example.org/x",
        std::make_unique<registry::Client>(
            std::move(http), [](std::chrono::milliseconds, const std::stop_token&) {}, options),
        ours_.order.locks);
  }
  Publication publish() {
    to_ = target();
    return ours_.publish(*to_);
  }
  Digest digest_at(const std::string& name) const {
    return content_->manifests.at(name).descriptor.digest;
  }

  std::shared_ptr<registry::RegistryContent> content_ =
      std::make_shared<registry::RegistryContent>();
  registry::FakeRegistry* registry_ = nullptr;
  std::unique_ptr<Target> to_;
  Publisher ours_;
};

TEST_F(Registry, has_exactly_what_was_shipped) {
  ours_.ship("one", {"amd64", "arm64"});
  ours_.order.names = {"v1"};
  const Publication done = publish();
  EXPECT_EQ(digest_at("x/demo/one:abc"), done.images.at(0).index);
  EXPECT_EQ(digest_at("x/demo/one:v1"), done.images.at(0).index);
  EXPECT_EQ(digest_at("x/demo/one:abc-arm64"), done.images.at(0).manifests.at("arm64"));
  EXPECT_EQ(digest_at("x/demo/releases:latest"), done.record_digest);
}

TEST_F(Registry, publishing_the_same_again_writes_nothing) {
  ours_.ship("one", {"amd64", "arm64"});
  publish();
  EXPECT_FALSE(publish().changed);
  EXPECT_EQ(registry_->count("PUT"), 0u);
  EXPECT_EQ(registry_->count("POST"), 0u);
}

TEST_F(Registry, a_tag_moves_only_from_what_it_was) {
  ours_.ship("one", {"amd64"});
  publish();
  const oci::Descriptor image = ours_.order.shipments[0].manifests.at("amd64");
  try {
    to_->move("demo/one", "abc", std::nullopt, {image, ours_.store.read(image)});
    FAIL() << "nothing was thrown";
  } catch (const Conflict& conflict) {
    EXPECT_THAT(conflict.what(), HasSubstr("reg.example.org/x/demo/one:abc stands for sha256:"));
  }
}

TEST_F(Registry, what_it_cannot_answer_is_no_absence) {
  ours_.ship("one", {"amd64"});
  to_ = target();
  registry_->instead = [](const registry::Request&) {
    return std::optional(registry::Response{500, {}, ""});
  };
  EXPECT_THROW(ours_.publish(*to_), Error);
  EXPECT_TRUE(content_->manifests.empty());
}

}  // namespace
}  // namespace rtfx::publish
