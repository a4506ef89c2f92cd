// SPDX-License-Identifier: Apache-2.0
#include "ci/publish/record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "ci/gate/baseline.hpp"

namespace rtfx::publish {
namespace {

using testing::HasSubstr;

Record record() {
  Record record;
  record.images = {{"demo/two:b", Digest::of("two"), 12, {{"amd64", Digest::of("2")}}},
                   {"demo/one:a", Digest::of("one"), 11, {{"amd64", Digest::of("1")}}}};
  record.outcome = {
      {"amd64"}, {"riscv64"}, 7, 6, {{"case", "demo.x", "amd64", "fail", "waived by a"}}, "0123"};
  return record;
}

TEST(Record, is_read_back_as_it_was_written) {
  Record sorted = record();
  std::swap(sorted.images[0], sorted.images[1]);
  EXPECT_EQ(parse_record(format_record(record())), sorted);
}

TEST(Record, is_the_same_whatever_the_order) {
  Record other = record();
  std::swap(other.images[0], other.images[1]);
  EXPECT_EQ(format_record(record()), format_record(other));
}

TEST(Record, is_a_baseline) {
  const gate::Baseline baseline = gate::parse_baseline(format_record(record()), "the record");
  EXPECT_FALSE(baseline.complete);
  EXPECT_EQ(baseline.results.at({"case", "demo.x", "amd64"}), "fail");
  EXPECT_EQ(baseline.results.size(), 1u);
}

TEST(Record, is_an_artifact_with_an_empty_configuration) {
  TemporaryDirectory scratch;
  oci::Store store(scratch.path() / "store");
  const oci::Descriptor manifest = put_record(store, record());
  EXPECT_EQ(put_record(store, record()).digest, manifest.digest);
  const std::string bytes = store.read(manifest);
  EXPECT_THAT(bytes, HasSubstr(R"("artifactType":"application/vnd.rtfx.release.v1+json")"));
  const oci::Manifest parsed = oci::parse_manifest(bytes);
  EXPECT_EQ(store.read(parsed.config), "{}");
  ASSERT_EQ(parsed.layers.size(), 1u);
  EXPECT_EQ(store.read(parsed.layers[0]), format_record(record()));
}

TEST(Record, refuses_what_is_none) {
  for (const char* text : {"", "[]", "{}", R"({"format": 2, "images": []})",
                           R"({"format": 1, "images": [{"ref": "x"}]})"}) {
    EXPECT_THROW(parse_record(text), Error) << text;
  }
}

}  // namespace
}  // namespace rtfx::publish
