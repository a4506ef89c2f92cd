// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/difference.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "base/files.hpp"
#include "harness/oci/fixture.hpp"
#include "harness/process/process.hpp"

namespace rtfx::oci {
namespace {

using fixture::Member;
using fixture::put_image;
using fixture::tar_of;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class DifferenceTest : public testing::Test {
 protected:
  std::vector<std::string> explain(const Descriptor& a, const Descriptor& b) {
    return explain_difference(store, a, b);
  }
  /// The explanation of two images of one layer each.
  std::string explain(const std::vector<Member>& a, const std::vector<Member>& b) {
    const auto lines =
        explain(put_image(store, "amd64", {tar_of(a)}), put_image(store, "amd64", {tar_of(b)}));
    return lines.size() == 1 ? lines.front() : std::to_string(lines.size()) + " lines";
  }

  TemporaryDirectory directory{"difference-test"};
  Store store{directory.path() / "store"};
};

TEST_F(DifferenceTest, the_same_image_has_none) {
  const Descriptor image = put_image(store, "amd64", {tar_of({{"a", "1"}})});
  EXPECT_THAT(explain(image, image), IsEmpty());
}

TEST_F(DifferenceTest, a_field_of_the_configuration_is_shown_with_its_place_and_both_values) {
  const std::string layer = tar_of({{"a", "1"}});
  const auto with = [&](const json& config) { return put_image(store, "amd64", {layer}, config); };
  EXPECT_THAT(explain(with({{"config", {{"Env", {"A=1", "B=2"}}}}}),
                      with({{"config", {{"Env", {"A=1", "B=3"}}}}})),
              ElementsAre("configuration: .config.Env[1] is \"B=2\" in the first, \"B=3\" in the "
                          "second"));
  EXPECT_THAT(explain(with({{"created", "2020"}}), with(json::object())),
              ElementsAre("configuration: .created is only in the first: \"2020\""));
  EXPECT_THAT(explain(with(json::object()), with({{"created", "2020"}})),
              ElementsAre("configuration: .created is only in the second: \"2020\""));
  EXPECT_THAT(
      explain(with({{"config", {{"Cmd", {"a"}}}}}), with({{"config", {{"Cmd", {"a", "b"}}}}})),
      ElementsAre(HasSubstr(".config.Cmd is [\"a\"] in the first, [\"a\",\"b\"] in")));
}

TEST_F(DifferenceTest, many_fields_are_counted) {
  json a = json::object(), b = json::object();
  for (int i = 10; i < 30; ++i) {
    a["x" + std::to_string(i)] = 1;
    b["x" + std::to_string(i)] = 2;
  }
  const auto lines = explain(put_image(store, "amd64", {}, a), put_image(store, "amd64", {}, b));
  EXPECT_THAT(lines, SizeIs(11));
  EXPECT_EQ(lines.back(), "configuration: and 10 more fields");
}

TEST_F(DifferenceTest, content_is_shown_where_it_differs) {
  EXPECT_EQ(explain({{"etc/", "", '5'}, {"etc/x", "built at 10:01 today"}},
                    {{"etc/", "", '5'}, {"etc/x", "built at 10:02 today"}}),
            "layer 1 of 1: etc/x: content from byte 13: \" at 10:01 today\", \" at 10:02 today\"");
  EXPECT_EQ(explain({{"x", "ab"}}, {{"x", "abc"}}),
            "layer 1 of 1: x: content of 2 and 3 bytes from byte 2: \"ab\", \"abc\"");
  EXPECT_THAT(explain({{"x", "\x1b[2J"}}, {{"x", "\n"}}), HasSubstr(R"("\x1b[2J", "\x0a")"));
}

TEST_F(DifferenceTest, what_differs_of_an_entry_is_named) {
  const Member file{"x", "1"};
  const auto changed = [&](auto change) {
    Member other = file;
    change(other);
    return explain({file}, {other});
  };
  EXPECT_EQ(changed([](Member& m) { m.mode = 04755; }), "layer 1 of 1: x: mode: 0644, 4755");
  EXPECT_EQ(changed([](Member& m) { m.mtime = 5; }), "layer 1 of 1: x: mtime: 1600000000, 5");
  EXPECT_EQ(changed([](Member& m) { m.uid = 1000; }), "layer 1 of 1: x: uid: 0, 1000");
  EXPECT_EQ(changed([](Member& m) {
              m.mode = 0600;
              m.mtime = 5;
            }),
            "layer 1 of 1: x: mode: 0644, 0600; mtime: 1600000000, 5");
  EXPECT_THAT(changed([](Member& m) {
                m.type = '5';
                m.content = "";
              }),
              HasSubstr("type: a file, a directory"));
  EXPECT_EQ(explain({{"l", "", '2', 0777, 0, 0, "/a"}}, {{"l", "", '2', 0777, 0, 0, "/b"}}),
            "layer 1 of 1: l: link target: /a, /b");
}

TEST_F(DifferenceTest, missing_entries_and_another_order_are_told_apart) {
  EXPECT_EQ(explain({{"a", "1"}, {"b", "2"}}, {{"b", "2"}}),
            "layer 1 of 1: a is missing in the second");
  EXPECT_EQ(explain({{"a", "1"}}, {{"a", "1"}, {"c", "2"}}),
            "layer 1 of 1: c is missing in the first");
  EXPECT_EQ(explain({{"a", "1"}, {"b", "2"}}, {{"b", "2"}, {"c", "3"}}),
            "layer 1 of 1: a is missing in the second; c is missing in the first");
  EXPECT_EQ(explain({{"a", "1"}, {"b", "2"}}, {{"b", "2"}, {"a", "1"}}),
            "layer 1 of 1: the order of the entries: entry 1 is a in the first, b in the second");
  EXPECT_EQ(explain({{"a", "1"}, {"a", "1"}}, {{"a", "1"}}),
            "layer 1 of 1: entries are there more than once in one of the two");
}

TEST_F(DifferenceTest, the_first_entry_is_shown_and_the_rest_counted) {
  EXPECT_EQ(explain({{"a", "1", '0', 0600}, {"b", "2"}, {"c", "3"}},
                    {{"a", "1", '0', 0640}, {"b", "x"}, {"c", "y"}}),
            "layer 1 of 1: a: mode: 0600, 0640 (and 2 more)");
}

TEST_F(DifferenceTest, only_the_layers_that_differ_are_told_of) {
  const std::string same = tar_of({{"same", ""}});
  const auto lines = explain(put_image(store, "amd64", {same, tar_of({{"a", "1"}})}),
                             put_image(store, "amd64", {same, tar_of({{"a", "2"}})}));
  EXPECT_THAT(lines, ElementsAre(StartsWith("layer 2 of 2: a: content")));
  EXPECT_THAT(explain(put_image(store, "amd64", {same}), put_image(store, "amd64", {same, same})),
              ElementsAre("the number of layers: 1, 2"));
}

TEST_F(DifferenceTest, compression_alone_is_told) {
  const std::string tar = tar_of({{"a", std::string(10000, 'x')}});
  write_file_atomically(directory.path() / "tar", tar);
  const auto packed = [&](const std::string& how) {
    process::Command command;
    command.argv = {"sh", "-c", how + " <tar"};
    command.cwd = directory.path();
    command.timeout = std::chrono::seconds(30);
    return process::run_captured(process::system_runner(), command).out;
  };
  const auto line = explain(put_image(store, "amd64", {packed("gzip -n -1")}),
                            put_image(store, "amd64", {packed("gzip -n -9")}));
  EXPECT_THAT(line, ElementsAre(StartsWith("layer 1 of 1: only the compression differs: ")));
}

TEST_F(DifferenceTest, the_same_entries_in_other_headers_are_told) {
  const std::string tar = tar_of({{"a", "1"}});
  EXPECT_THAT(
      explain(put_image(store, "amd64", {tar}),
              put_image(store, "amd64", {tar + std::string(512, '\0')})),
      ElementsAre("layer 1 of 1: the same entries, but the tar files are written differently"));
}

TEST_F(DifferenceTest, the_same_values_written_differently_are_told) {
  const Descriptor image = put_image(store, "amd64", {tar_of({{"a", "1"}})});
  const Descriptor spaced = store.put(json::parse(store.read(image)).dump(2), media_type_manifest);
  EXPECT_THAT(explain(image, spaced),
              ElementsAre("the same values, but the manifests are written differently"));
  json annotated = json::parse(store.read(image));
  annotated["annotations"]["k"] = "v";
  EXPECT_THAT(explain(image, store.put(annotated.dump(), media_type_manifest)),
              ElementsAre("manifest: .annotations is only in the second: {\"k\":\"v\"}"));
}

TEST_F(DifferenceTest, a_damaged_layer_is_an_error) {
  const Descriptor a =
      put_image(store, "amd64", {"no tar at all, but long enough to be looked at"});
  const Descriptor b = put_image(store, "amd64", {tar_of({{"a", "1"}})});
  EXPECT_THAT(fixture::message_of([&] { explain(a, b); }), HasSubstr("layer 1 of 1: "));
  const Descriptor layer = parse_manifest(store.read(b)).layers.front();
  std::ofstream(store.directory() / "blobs/sha256" / layer.digest.hex()) << "x";
  EXPECT_THAT(fixture::message_of([&] { explain(a, b); }), HasSubstr("is corrupt"));
}

}  // namespace
}  // namespace rtfx::oci
