// SPDX-License-Identifier: Apache-2.0
#include "harness/image/spec.hpp"

#include <gmock/gmock.h>

#include "harness/image/spec_fixture.hpp"

namespace rtfx::image {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SpecText : public fixture::Spec {};

TEST_F(SpecText, MergedTextIsReadBackAsTheSame) {
  const auto spec = load_text(R"(
kernel: {image: org/kernel, tar: none}
init: [redis]
services:
  - name: a
    image: quay.io/x/a:1
    readonly: true
    uid: 12
    command: [sleep, 10, "true", 'it''s']
    sysctl: {net.x: 1}
    annotations: {size: 5, "k: y": v}
    oomScoreAdj: -5
    devices: [{path: /dev/x, type: c, major: 5, minor: 1, mode: 0666}]
    resources: {pids: {limit: 7}}
    runtime: {interfaces: [{name: wg0, createInRoot: true}], mounts: []}
files:
  - path: a
    contents: |
      line "one"
      line	two
  - {path: b, directory: true, mode: "0700", uid: "a"}
)");
  ASSERT_THAT(problems, IsEmpty());
  const std::string yaml = merged_yaml(*spec), json = merged_json(*spec);
  EXPECT_THAT(yaml,
              HasSubstr("kernel:\n  image: \"docker.io/org/kernel\"\n  tar: \"none\"\ninit:\n  - "
                        "\"docker.io/library/redis\"\nservices:\n  - name: \"a\"\n"));
  EXPECT_THAT(yaml, HasSubstr("    uid: 12\n"));
  EXPECT_THAT(yaml, HasSubstr("      - \"10\"\n"));
  for (const std::string& text : {yaml, json}) {
    const auto again = load_text(text);
    EXPECT_THAT(problems, IsEmpty()) << text;
    EXPECT_EQ(yaml, merged_yaml(*again));
    EXPECT_THAT(*again->services[0].config.command, ElementsAre("sleep", "10", "true", "it's"));
    EXPECT_EQ("line \"one\"\nline\ttwo\n", again->files[0].text);
    EXPECT_EQ(Id(12U), again->services[0].config.uid);
  }
}

TEST_F(SpecText, WhatPeopleReadIsReadBackAsTheSame) {
  const auto spec = load_text(R"(
kernel: {image: org/kernel, cmdline: "console=ttyS0  quiet"}
services:
  - name: a
    image: redis
    command: [sh, -c, "true", "1", " x", "a: b", "a #b", "yes", "", "-", "@daily", "a\tb", "é", "*x", "c:", "1e3"]
    env: ["A=b c"]
    runtime: {mkdir: [], interfaces: [{name: wg0}]}
files:
  - {path: a, contents: "one\n two\n\nthree\n"}
  - {path: b, contents: "\n"}
  - {path: c, contents: " indented\n"}
  - {path: d, contents: "trailing \nblank\n"}
  - {path: e, contents: "no end"}
)");
  ASSERT_THAT(problems, IsEmpty());
  const std::string yaml = readable_yaml(*spec);
  EXPECT_THAT(yaml, HasSubstr("kernel:\n    image: org/kernel\n"));
  EXPECT_THAT(
      yaml,
      HasSubstr("    - path: a\n      contents: |\n        one\n         two\n\n        three\n"));
  EXPECT_THAT(yaml, HasSubstr("onboot: []\n"));
  const auto again = load_text(yaml);
  ASSERT_THAT(problems, IsEmpty()) << yaml;
  for (std::size_t i = 0; i < spec->files.size(); ++i)
    EXPECT_EQ(spec->files[i].text, again->files[i].text) << yaml;
  EXPECT_EQ(canonical_json(*spec, "services", 0), canonical_json(*again, "services", 0));
  EXPECT_EQ(yaml, readable_yaml(*again));
}

TEST_F(SpecText, OneEntryIsTheSameHoweverItIsWritten) {
  const auto one = load_text("services: [{name: a, image: redis, env: [A=b], readonly: true}]");
  const auto other = load_text(
      "services:\n- readonly: true\n  env:\n  - A=b\n  image: docker.io/library/redis\n  name: "
      "a\n");
  EXPECT_EQ(canonical_json(*one, "services", 0), canonical_json(*other, "services", 0));
  const auto third = load_text("services: [{name: a, image: redis, env: [A=c], readonly: true}]");
  EXPECT_NE(canonical_json(*one, "services", 0), canonical_json(*third, "services", 0));
}

}  // namespace
}  // namespace rtfx::image
