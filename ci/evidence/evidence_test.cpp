// SPDX-License-Identifier: Apache-2.0
#include "ci/evidence/evidence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "ci/evidence/verify.hpp"
#include "ci/publish/fake_target.hpp"
#include "harness/sign/key_source.hpp"
#include "harness/sign/test_keys.hpp"

namespace rtfx::evidence {
namespace {

using gate::Standing;
using Json = nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

/// A release of one package for two arches, published with evidence to a target that is a few maps.
class EvidenceTest : public testing::Test {
 protected:
  EvidenceTest() {
    publisher_.ship("one", {"amd64", "arm64"});
    decision_.id = "20261120-000000-1";
    decision_.commit = "0123456789012345678901234567890123456789";
    decision_.plan.inputs = {{"cases", "tree:aa"}, {"rtfx.yml", "sha256:bb+1"}};
    decision_.run.start.version = "0.1.0";
    decision_.verdict.ships = true;
    for (const std::string arch : {"amd64", "arm64"}) {
      decision_.verdict.arches.push_back(
          {arch, true, {}, {{{"case", "demo.first", arch}, Standing::passed, "pass", "", ""}}});
      decision_.subjects.push_back(
          {"demo/one:abc", arch, publisher_.order.shipments[0].manifests.at(arch).digest.str()});
    }
  }

  std::shared_ptr<const sign::PrivateKey> key(const char* pem) {
    write_file_atomically(directory_.path() / "key.pem", pem, 0600);
    return sign::load_private_key((directory_.path() / "key.pem").string());
  }

  /// Returns how many things were written.
  std::size_t publish(const std::shared_ptr<const sign::PrivateKey>& with) {
    publish::FakeTarget target(content_);
    publish::Journal journal(publisher_.folder());
    publish::publish(
        publisher_.order, target, publisher_.store, journal,
        make_evidence(decision_, with, {"demo", "https://example.org/demo", "urn:me"}, receipts()),
        [](const std::string&) {});
    return target.writes;
  }

  /// "WHAT: DETAIL" of every bad answer.
  std::vector<std::string> complaints(const sign::PublicKey& key,
                                      const std::string& repository = "demo/one",
                                      const std::string& which = "abc",
                                      const std::vector<std::string>& arches = {}) {
    publish::FakeTarget target(content_);
    std::vector<std::string> result;
    for (const Check& check : verify(target, repository, which, key, arches)) {
      if (!check.good) result.push_back(check.what + ": " + check.detail);
    }
    return result;
  }

  Json statement(const char* kind) const {
    return Json::parse(read_file(receipts() / (std::string("demo-one.") + kind + ".json")));
  }
  std::filesystem::path receipts() const { return directory_.path() / "statements"; }

  TemporaryDirectory directory_;
  publish::FakeContent content_;
  publish::Publisher publisher_;
  gate::Decision decision_;
};

TEST_F(EvidenceTest, what_was_published_verifies_with_its_key_only) {
  const auto ours = key(sign::p256_plain);
  publish(ours);
  EXPECT_THAT(complaints(ours->public_key()), ElementsAre());
  EXPECT_THAT(complaints(ours->public_key(), "demo/releases", "latest"), ElementsAre());
  const auto theirs = key(sign::ed25519_rfc8032);
  EXPECT_THAT(complaints(theirs->public_key()),
              testing::Contains("signature: signed by another key, or the signature or its payload "
                                "was changed"));
}

TEST_F(EvidenceTest, publishing_again_signs_nothing_anew) {
  const auto ours = key(sign::p256_plain);  // whose signatures are never twice the same
  EXPECT_GT(publish(ours), 0u);
  const auto before = content_.tags;
  EXPECT_EQ(publish(ours), 0u);
  EXPECT_EQ(content_.tags, before);
}

TEST_F(EvidenceTest, a_second_key_signs_beside_the_first) {
  const auto first = key(sign::p256_plain), second = key(sign::ed25519_rfc8032);
  publish(first);
  EXPECT_GT(publish(second), 0u);
  EXPECT_THAT(complaints(first->public_key()), ElementsAre());
  EXPECT_THAT(complaints(second->public_key()), ElementsAre());
}

TEST_F(EvidenceTest, an_arch_that_others_added_is_not_covered) {
  const auto ours = key(sign::p256_plain);
  publish::FakeTarget target(content_);
  publish::Publisher other;
  other.ship("one", {"riscv64"});
  other.publish(target);
  publish(ours);
  EXPECT_THAT(complaints(ours->public_key()),
              ElementsAre(HasSubstr("signature of linux/riscv64: not signed"),
                          HasSubstr("covers linux/riscv64")));
  EXPECT_THAT(complaints(ours->public_key(), "demo/one", "abc", {"amd64", "arm64"}), ElementsAre());
}

TEST_F(EvidenceTest, without_a_key_the_statements_are_receipts_alone) {
  publish(nullptr);
  EXPECT_EQ(statement("test-result")["predicate"]["result"], "PASSED");
  EXPECT_THAT(complaints(key(sign::p256_plain)->public_key()),
              testing::Contains(HasSubstr("signature: not signed")));
}

TEST_F(EvidenceTest, what_was_excused_is_a_warning) {
  decision_.verdict.arches[1].units.push_back(
      {{"case", "demo.flies", "arm64"}, Standing::waived, "fail", "waived", ""});
  const auto ours = key(sign::p256_plain);
  publish(ours);
  const Json result = statement("test-result")["predicate"];
  EXPECT_EQ(result["result"], "WARNED");
  EXPECT_EQ(result["warnedTests"], Json::array({"demo.flies [arm64]"}));
  EXPECT_EQ(result["passedTests"], Json::array({"demo.first [amd64]", "demo.first [arm64]"}));
  EXPECT_THAT(complaints(ours->public_key()), ElementsAre());
}

TEST_F(EvidenceTest, a_failed_test_in_a_signed_statement_does_not_verify) {
  decision_.verdict.arches[0].units[0].standing = Standing::blocked;
  const auto ours = key(sign::p256_plain);
  publish(ours);
  EXPECT_EQ(statement("test-result")["predicate"]["result"], "FAILED");
  EXPECT_THAT(complaints(ours->public_key()), testing::Contains(HasSubstr("test result: ")));
}

TEST_F(EvidenceTest, subjects_are_the_index_and_what_was_tested) {
  publish(nullptr);
  const Json subjects = statement("test-result")["subject"];
  ASSERT_EQ(subjects.size(), 3u);
  EXPECT_EQ(subjects[0]["name"], "demo/one:abc");
  EXPECT_EQ(subjects[0]["digest"]["sha256"], content_.tags.at("demo/one:abc").hex());
  EXPECT_EQ(subjects[2]["digest"]["sha256"],
            publisher_.order.shipments[0].manifests.at("arm64").digest.hex());
}

TEST_F(EvidenceTest, provenance_names_commit_inputs_and_builder) {
  publish(nullptr);
  const Json origin = statement("provenance");
  EXPECT_EQ(origin["predicateType"], "https://slsa.dev/provenance/v1");
  const Json inputs = origin["predicate"]["buildDefinition"]["resolvedDependencies"];
  EXPECT_EQ(inputs[0]["uri"], "git+https://example.org/demo@" + decision_.commit);
  EXPECT_EQ(inputs[1]["digest"]["gitTree"], "aa");
  // With changes that are in no commit it is the digest of nothing that others can have.
  EXPECT_EQ(inputs[2]["digest"]["rtfx"], "sha256:bb+1");
  EXPECT_EQ(origin["predicate"]["runDetails"]["builder"]["id"], "urn:me");
}

TEST_F(EvidenceTest, the_same_release_gives_the_same_statements) {
  publish(nullptr);
  const Json first = statement("provenance"), result = statement("test-result");
  decision_.id = "20261121-000000-2";
  decision_.run.start.run_id = "another";
  decision_.run.start.hostname = "elsewhere";
  publish(nullptr);
  EXPECT_EQ(statement("provenance"), first);
  EXPECT_EQ(statement("test-result"), result);
}

}  // namespace
}  // namespace rtfx::evidence
