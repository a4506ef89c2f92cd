// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/descriptor.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"

namespace rtfx::oci {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string digest_a = "sha256:" + std::string(64, 'a');
const std::string digest_b = "sha256:" + std::string(64, 'b');

std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

Descriptor image(const std::string& digest, const std::string& architecture,
                 const std::string& variant = "") {
  return {std::string(media_type_manifest),
          Digest::parse(digest),
          7,
          Platform{"linux", architecture, variant},
          {}};
}

TEST(Descriptor, a_manifest_is_read) {
  const Manifest manifest =
      parse_manifest(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
    "config":{"mediaType":"c","digest":")" +
                     digest_a + R"(","size":3},
    "layers":[{"mediaType":"l","digest":")" +
                     digest_b + R"(","size":4,"annotations":{"k":"v"}}]})");
  EXPECT_EQ(manifest.config.digest.str(), digest_a);
  ASSERT_EQ(manifest.layers.size(), 1U);
  EXPECT_EQ(manifest.layers[0].size, 4U);
  EXPECT_EQ(manifest.layers[0].annotations.at("k"), "v");
}

TEST(Descriptor, dockers_media_types_are_read_as_well) {
  EXPECT_NO_THROW(parse_index(
      R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","manifests":[]})"));
}

TEST(Descriptor, what_is_wrong_is_named) {
  const std::string config =
      R"("config":{"mediaType":"c","digest":")" + digest_a + R"(","size":3})";
  EXPECT_THAT(message_of([] { parse_manifest("{"); }), HasSubstr("not valid JSON"));
  EXPECT_THAT(message_of([] { parse_manifest("[]"); }), HasSubstr("not a JSON object"));
  EXPECT_THAT(message_of([] { parse_manifest("{}"); }), HasSubstr("schemaVersion"));
  EXPECT_THAT(message_of([] { parse_manifest(R"({"schemaVersion":1})"); }),
              HasSubstr("schemaVersion is not 2"));
  EXPECT_THAT(message_of([] { parse_manifest(R"({"schemaVersion":2,"layers":[]})"); }),
              HasSubstr("\"config\""));
  EXPECT_THAT(message_of([&] { parse_manifest("{\"schemaVersion\":2," + config + "}"); }),
              HasSubstr("\"layers\""));
  EXPECT_THAT(message_of([&] {
                parse_manifest("{\"schemaVersion\":2," + config +
                               R"(,"layers":[{"mediaType":"x","digest":"sha256:12","size":1}]})");
              }),
              HasSubstr("layers[0]"));
  EXPECT_THAT(message_of([&] {
                parse_manifest("{\"schemaVersion\":2," + config +
                               R"(,"layers":[{"mediaType":"x","digest":")" + digest_a +
                               R"(","size":-1}]})");
              }),
              HasSubstr("\"size\""));
  EXPECT_THAT(
      message_of([] {
        parse_index(
            R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]})");
      }),
      HasSubstr("media type"));
}

TEST(Descriptor, deep_nesting_is_refused) {
  std::string deep = R"({"schemaVersion":2,"x":)";
  for (int i = 0; i < 100000; ++i) deep += '[';
  EXPECT_THAT(message_of([&] { parse_index(deep); }), HasSubstr("nested too deeply"));
}

TEST(Descriptor, an_image_configuration_is_read) {
  const ImageConfig config = parse_image_config(
      R"({"architecture":"arm64","os":"linux","config":{"Entrypoint":["/a","b"],"Cmd":null,"Env":["K=V"],"WorkingDir":"/w","User":"7","Labels":{"l":"1"}}})");
  EXPECT_EQ(config.architecture, "arm64");
  EXPECT_THAT(config.entrypoint, ElementsAre("/a", "b"));
  EXPECT_TRUE(config.cmd.empty());
  EXPECT_THAT(config.env, ElementsAre("K=V"));
  EXPECT_EQ(config.labels.at("l"), "1");
}

TEST(Descriptor, an_index_has_the_same_bytes_in_whatever_order_it_was_made) {
  Index one{{image(digest_a, "s390x"), image(digest_b, "amd64"), image(digest_a, "arm64", "v8")},
            {{"k", "v"}}};
  Index two{{one.manifests[2], one.manifests[0], one.manifests[1]}, one.annotations};
  EXPECT_EQ(format_index(one), format_index(two));
  EXPECT_EQ(
      format_index({{image(digest_a, "arm64", "v8")}, {}}),
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
          digest_a +
          R"(","size":7,"platform":{"architecture":"arm64","os":"linux","variant":"v8"}}]})");
}

TEST(Descriptor, an_index_survives_being_written_and_read) {
  const Index index{{image(digest_a, "amd64"), image(digest_b, "arm64")}, {{"k", "v"}}};
  EXPECT_EQ(format_index(parse_index(format_index(index))), format_index(index));
}

}  // namespace
}  // namespace rtfx::oci
