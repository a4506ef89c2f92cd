// SPDX-License-Identifier: Apache-2.0
#include "harness/image/sbom.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace rtfx::image {
namespace {

using nlohmann::json;

std::string document(const std::string& package, const std::string& file) {
  json all = {{"spdxVersion", "SPDX-2.3"}, {"SPDXID", "SPDXRef-DOCUMENT"}};
  all["packages"] = {{{"name", package}, {"SPDXID", "SPDXRef-P"}, {"hasFiles", {"SPDXRef-F"}}}};
  all["files"] = {{{"fileName", file}, {"SPDXID", "SPDXRef-F"}}};
  return all.dump();
}

TEST(Sbom, PathsGetThePrefixOfTheirPart) {
  const std::vector<std::pair<std::string, std::string>> names = {{"/bin/a", "p/lower/bin/a"},
                                                                  {"bin/a", "p/lower/bin/a"},
                                                                  {"./bin//a/", "p/lower/bin/a"},
                                                                  {"/bin/x/../a", "p/lower/bin/a"},
                                                                  {"", "p/lower"}};
  for (const auto& [from, to] : names) {
    const json merged = json::parse(
        merge_sboms({{"onboot[0]", "p/lower", {document("x", from)}}}, {.path = "sbom"}));
    EXPECT_EQ(to, merged["files"][0]["fileName"].get<std::string>()) << from;
    EXPECT_EQ("p/lower", merged["packages"][0]["packageFileName"]);
  }
  const json root =
      json::parse(merge_sboms({{"init[0]", "", {document("x", "/bin/a")}}}, {.path = "sbom"}));
  EXPECT_EQ("/bin/a", root["files"][0]["fileName"]);
  EXPECT_FALSE(root["packages"][0].contains("packageFileName"));
}

TEST(Sbom, RelationsAreToldInOneWay) {
  json text = json::parse(document("x", "a"));
  text["documentDescribes"] = {"SPDXRef-P", "SPDXRef-Q"};
  text["relationships"] = {{{"spdxElementId", "SPDXRef-P"},
                            {"relatedSpdxElement", "SPDXRef-DOCUMENT"},
                            {"relationshipType", "DESCRIBED_BY"}}};
  const json merged = json::parse(merge_sboms({{"kernel", "", {text.dump()}}}, {.path = "sbom"}));
  ASSERT_EQ(3U, merged["relationships"].size()) << merged;
  EXPECT_EQ("DESCRIBED_BY", merged["relationships"][0]["relationshipType"]);
  EXPECT_EQ("SPDXRef-Q", merged["relationships"][1]["relatedSpdxElement"]);
  EXPECT_EQ("CONTAINS", merged["relationships"][2]["relationshipType"]);
  EXPECT_FALSE(merged["packages"][0].contains("hasFiles"));
}

TEST(Sbom, TheNamespaceFollowsFromTheContents) {
  const auto space = [](const std::string& package, bool current_time) {
    const SbomOptions options{.path = "sbom", .current_time = current_time};
    return json::parse(merge_sboms({{"kernel", "", {document(package, "a")}}}, options))
        .at("documentNamespace")
        .get<std::string>();
  };
  EXPECT_EQ(space("x", false), space("x", true));
  EXPECT_NE(space("x", false), space("y", false));
  EXPECT_THAT(space("x", false),
              testing::MatchesRegex("urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-"
                                    "[0-9a-f]{12}"));
}

TEST(Sbom, PartsCanBeTakenOutAndPutInAgain) {
  const std::vector<SbomPart> parts = {
      {"kernel", "", {document("k", "/boot/k")}},
      {"init[0]", "", {document("i", "/init"), document("j", "/j")}},
      {"services[1]", "containers/services/s/lower", {document("s", "/bin/s")}}};
  const std::string merged = merge_sboms(parts, {.path = "sbom"});
  std::vector<SbomPart> again = parts;
  for (SbomPart& part : again) {
    const auto document = part_of_sbom(merged, part.location, part.prefix);
    ASSERT_TRUE(document) << part.location;
    part.documents = {*document};
  }
  EXPECT_EQ(merged, merge_sboms(again, {.path = "sbom"}));
  EXPECT_FALSE(part_of_sbom(merged, "onboot[0]", ""));
  EXPECT_FALSE(part_of_sbom(merge_sboms({}, {.path = "sbom"}), "kernel", ""));
  for (
      const char* foreign :
      {"", "[]", R"({"comment": "x"})",
       R"({"comment": "Parts, each with its number of items in the lists: kernel 9 9 9 9 9 9 9"})"})
    EXPECT_THROW(part_of_sbom(foreign, "kernel", ""), Error) << foreign;
}

TEST(Sbom, WhatIsNoSpdxIsRefused) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string(R"({"spdxVersion": 2})"),
        std::string(R"({"spdxVersion": "SPDX-3.0"})"),
        std::string(R"({"spdxVersion": "SPDX-2.3", "files": {}})"),
        std::string(R"({"spdxVersion": "SPDX-2.3", "files": ["a"]})"),
        std::string(R"({"spdxVersion": "SPDX-2.3", "files": [{"fileName": 1}]})"),
        R"({"spdxVersion": "SPDX-2.3", "files": )" + deep + "}"}) {
    EXPECT_THROW(merge_sboms({{"kernel", "", {text}}}, {.path = "sbom"}), Error) << text;
  }
}

}  // namespace
}  // namespace rtfx::image
