// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/index_merge.hpp"

#include <gmock/gmock.h>

#include <string>

namespace rtfx::oci {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Descriptor image(const std::string& content, const std::string& architecture,
                 const std::string& variant = "") {
  return {std::string(media_type_manifest),
          Digest::of(content),
          content.size(),
          Platform{"linux", architecture, variant},
          {}};
}

Descriptor attestation(const std::string& content, const Descriptor& of) {
  return {std::string(media_type_manifest),
          Digest::of(content),
          content.size(),
          Platform{"unknown", "unknown", ""},
          {{"vnd.docker.reference.type", "attestation-manifest"},
           {"vnd.docker.reference.digest", of.digest.str()}}};
}

std::vector<Digest> digests(const Index& index) {
  std::vector<Digest> result;
  for (const Descriptor& descriptor : index.manifests) result.push_back(descriptor.digest);
  return result;
}

const Descriptor amd64 = image("amd64", "amd64");
const Descriptor arm64 = image("arm64", "arm64");
const Descriptor newer = image("newer", "amd64");

TEST(IndexMergeTest, ours_replace_their_platform_and_no_other) {
  EXPECT_THAT(digests(merged({{amd64, arm64}, {}}, {newer})),
              ElementsAre(arm64.digest, newer.digest));
  EXPECT_THAT(digests(merged({}, {amd64, arm64})), ElementsAre(amd64.digest, arm64.digest));
  EXPECT_THAT(digests(merged({{amd64}, {}}, {})), ElementsAre(amd64.digest));
}

TEST(IndexMergeTest, of_two_for_one_platform_the_later_counts) {
  EXPECT_THAT(digests(merged({}, {amd64, newer})), ElementsAre(newer.digest));
}

TEST(IndexMergeTest, variants_are_platforms_of_their_own) {
  const Descriptor six = image("6", "arm", "v6");
  const Descriptor seven = image("7", "arm", "v7");
  const Descriptor plain = image("plain", "arm");
  EXPECT_THAT(digests(merged({{six, seven}, {}}, {plain})),
              UnorderedElementsAre(six.digest, plain.digest));
}

TEST(IndexMergeTest, the_usual_variant_is_the_same_as_none) {
  const Descriptor with_variant = image("v8", "arm64", "v8");
  EXPECT_THAT(digests(merged({{with_variant}, {}}, {arm64})), ElementsAre(arm64.digest));
  EXPECT_THAT(digests(merged({{arm64}, {}}, {with_variant})), ElementsAre(with_variant.digest));
  EXPECT_FALSE(same_platform({"linux", "arm64", "v9"}, {"linux", "arm64", ""}));
  EXPECT_FALSE(same_platform({"windows", "amd64", ""}, {"linux", "amd64", ""}));
}

TEST(IndexMergeTest, annotations_of_the_index_stay) {
  EXPECT_EQ(merged({{amd64}, {{"k", "v"}}}, {newer}).annotations.at("k"), "v");
}

TEST(IndexMergeTest, the_attestation_of_a_replaced_image_goes) {
  const Descriptor of_amd64 = attestation("sbom amd64", amd64);
  const Descriptor of_arm64 = attestation("sbom arm64", arm64);
  EXPECT_THAT(digests(merged({{amd64, of_amd64, arm64, of_arm64}, {}}, {newer})),
              UnorderedElementsAre(arm64.digest, of_arm64.digest, newer.digest));
}

TEST(IndexMergeTest, our_attestations_are_kept_beside_their_image) {
  const Descriptor old = attestation("old", amd64);
  const Descriptor ours = attestation("ours", newer);
  EXPECT_THAT(digests(merged({{amd64, old}, {}}, {newer, ours})),
              ElementsAre(newer.digest, ours.digest));
}

TEST(IndexMergeTest, a_newer_attestation_of_the_same_image_replaces_the_older) {
  const Descriptor old = attestation("old", amd64);
  const Descriptor second = attestation("second", amd64);
  EXPECT_THAT(digests(merged({{amd64, old}, {}}, {amd64, second})),
              ElementsAre(amd64.digest, second.digest));
  EXPECT_THAT(digests(merged({{amd64, old}, {}}, {amd64})),
              UnorderedElementsAre(amd64.digest, old.digest));
}

TEST(IndexMergeTest, an_attestation_without_its_image_is_dropped) {
  EXPECT_THAT(digests(merged({}, {attestation("ours", amd64)})), IsEmpty());
  EXPECT_THAT(digests(merged({{attestation("theirs", amd64)}, {}}, {arm64})),
              ElementsAre(arm64.digest));
}

TEST(IndexMergeTest, attestations_of_two_platforms_do_not_replace_each_other) {
  const Descriptor one = attestation("1", amd64);
  const Descriptor two = attestation("2", arm64);
  EXPECT_THAT(digests(merged({{amd64, one}, {}}, {arm64, two})),
              UnorderedElementsAre(amd64.digest, one.digest, arm64.digest, two.digest));
}

TEST(IndexMergeTest, the_same_digest_is_listed_once) {
  Descriptor unnamed = amd64;
  unnamed.platform.reset();
  EXPECT_THAT(digests(merged({{unnamed, arm64}, {}}, {amd64})),
              ElementsAre(arm64.digest, amd64.digest));
}

}  // namespace
}  // namespace rtfx::oci
