// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/dockerfile.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"

namespace rtfx::pkg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

const Arguments arguments{{"BASE", "linuxkit/debian:abc"},
                          {"BUILDPLATFORM", "linux/amd64"},
                          {"TARGETPLATFORM", "linux/arm64"},
                          {"TARGETARCH", "arm64"}};

Dockerfile dockerfile(const std::string& text) { return Dockerfile(text, "pkg/x/Dockerfile"); }

/// "IMAGE PLATFORM" of each use.
std::vector<std::string> uses(const std::string& text) {
  std::vector<std::string> result;
  for (const ImageUse& use : dockerfile(text).images(arguments, "linux/arm64"))
    result.push_back(use.image + " " + use.platform);
  return result;
}

std::set<std::string> runs(const std::string& text) {
  return dockerfile(text).run_platforms(arguments, "linux/arm64");
}

TEST(Dockerfile, ImagesHaveThePlatformOfTheirFromLine) {
  EXPECT_THAT(
      uses("ARG BASE\nFROM ${BASE} AS mirror\nFROM --platform=$BUILDPLATFORM $BASE AS build\n"
           "FROM scratch\nCOPY --from=build /out /\n"),
      ElementsAre("linuxkit/debian:abc linux/arm64", "linuxkit/debian:abc linux/amd64"));
  EXPECT_THAT(uses("from --platform=linux/s390x alpine:3 as X\nFROM x\n"),
              ElementsAre("alpine:3 linux/s390x"));
}

TEST(Dockerfile, ArgumentsNeedADeclarationAboveTheFirstFrom) {
  EXPECT_THAT([] { return uses("FROM ${BASE}\n"); },
              ThrowsMessage<Error>(HasSubstr("pkg/x/Dockerfile:1: FROM ${BASE} names no image")));
  EXPECT_THAT([] { return uses("FROM scratch\nARG BASE\nFROM $BASE\n"); },
              ThrowsMessage<Error>(HasSubstr("Dockerfile:3")));
}

TEST(Dockerfile, DefaultsAndModifiersOfVariables) {
  EXPECT_THAT(uses("ARG VERSION=3.19\nARG NAME=\"alpine:$VERSION\"\nFROM $NAME\n"),
              ElementsAre("alpine:3.19 linux/arm64"));
  EXPECT_THAT(uses("ARG BASE=other\nFROM ${BASE}\n"),
              ElementsAre("linuxkit/debian:abc linux/arm64"));
  EXPECT_THAT(uses("ARG NONE\nFROM ${NONE:-alpine}${BASE:+:x}\n"),
              ElementsAre("alpine linux/arm64"));
  EXPECT_THAT(uses("FROM debian-$TARGETARCH\n"), ElementsAre("debian-arm64 linux/arm64"));
  EXPECT_THAT([] { return uses("FROM ${BASE\n"); }, ThrowsMessage<Error>(HasSubstr("not closed")));
  EXPECT_THAT([] { return uses("ARG BASE\nFROM ${BASE%x}\n"); },
              ThrowsMessage<Error>(HasSubstr("only ${NAME}")));
}

TEST(Dockerfile, CopiesAndMountsFromImages) {
  EXPECT_THAT(
      uses("FROM scratch AS a\nFROM scratch\nCOPY --from=a / /\nCOPY --chown=0 --from=0 / /\n"
           "COPY --from=busybox:1 /bin /bin\n"
           "RUN --mount=type=bind,from=tools:2,target=/t --mount=from=a,target=/a true\n"),
      ElementsAre("busybox:1 linux/arm64", "tools:2 linux/arm64"));
}

TEST(Dockerfile, ContinuedLinesCommentsAndHereDocuments) {
  EXPECT_THAT(uses("# FROM nothing\nFROM \\\n  # still the same line\n\n  alpine:1 \\\n  AS base\n"
                   "RUN <<EOF\nFROM inside\nEOF\n"
                   "COPY <<-\"END\" /x\n\tFROM inside\n\tEND\n"
                   "RUN echo \\\nFROM inside\n"
                   "FROM alpine:2\n"),
              ElementsAre("alpine:1 linux/arm64", "alpine:2 linux/arm64"));
  EXPECT_THAT(uses("# escape=`\nFROM a:1 `\n AS x\nRUN x \\\nFROM b\n"),
              ElementsAre("a:1 linux/arm64", "b linux/arm64"));
  EXPECT_THAT(uses("FROM a:1\r\nRUN true\r\n"), ElementsAre("a:1 linux/arm64"));
}

TEST(Dockerfile, WhoseProgramsAreRun) {
  const std::string cross =
      "FROM --platform=$BUILDPLATFORM a AS build\nRUN make\nFROM build AS more\nRUN more\n"
      "FROM scratch\nCOPY --from=more / /\n";
  EXPECT_THAT(runs(cross), ElementsAre("linux/amd64"));
  EXPECT_THAT(runs("FROM a\nRUN make\n"), ElementsAre("linux/arm64"));
  EXPECT_THAT(runs("FROM a\nCOPY x /\n"), ElementsAre());
  // A stage that nothing uses is not built.
  EXPECT_THAT(runs("FROM a AS unused\nRUN x\nFROM scratch\nCOPY x /\n"), ElementsAre());
  EXPECT_THAT(
      runs("FROM a AS tool\nRUN x\nFROM --platform=linux/amd64 b\nRUN --mount=from=tool y\n"),
      ElementsAre("linux/amd64", "linux/arm64"));
}

TEST(Dockerfile, NamesAreReplacedWhereTheyStand) {
  const std::string text =
      "ARG BASE\nFROM ${BASE} AS m\nFROM --platform=$BUILDPLATFORM \\\n ${BASE} AS b\n"
      "RUN --mount=from=tool:1,target=/t x\nFROM scratch\nCOPY --from=b / /\n";
  const auto rename = [](const ImageUse& use) { return "local/" + use.platform.substr(6); };
  EXPECT_EQ(
      dockerfile(text).renamed(arguments, "linux/arm64", rename),
      "ARG BASE\nFROM local/arm64 AS m\nFROM --platform=$BUILDPLATFORM \\\n local/amd64 AS b\n"
      "RUN --mount=from=local/arm64,target=/t x\nFROM scratch\nCOPY --from=b / /\n");
}

TEST(Dockerfile, BadOnes) {
  EXPECT_THAT([] { dockerfile(""); }, ThrowsMessage<Error>(HasSubstr("there is no FROM line")));
  EXPECT_THAT([] { dockerfile("RUN x\n"); },
              ThrowsMessage<Error>(HasSubstr("there is no FROM line")));
  EXPECT_THAT([] { dockerfile("FROM a b\n"); },
              ThrowsMessage<Error>(HasSubstr("Dockerfile:1: FROM is to be followed")));
}

}  // namespace
}  // namespace rtfx::pkg
