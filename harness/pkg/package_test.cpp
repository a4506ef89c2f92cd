// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/package.hpp"

#include "harness/pkg/config_label.hpp"
#include "harness/pkg/fixture.hpp"

namespace rtfx::pkg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PackageTest : public testing::Test {
 protected:
  Package load(const TagOptions& options = {}) {
    return load_package(directory / "foo", options, "linuxkit", {"amd64", "arm64"}, diagnostics_);
  }
  Package load_text(const std::string& text) {
    directory.package("foo", text);
    return load();
  }
  const std::vector<std::string>& messages() const { return diagnostics_.messages(); }
  std::string place(int line) const {
    return (directory / "foo/build.yml").string() + ":" + std::to_string(line) + ": ";
  }
  PackageDirectory directory;

 private:
  Diagnostics diagnostics_;
};

TEST_F(PackageTest, only_the_image_is_needed) {
  const Package package = load_text("image: foo\n");
  EXPECT_THAT(messages(), IsEmpty());
  EXPECT_EQ(package.image, "foo");
  EXPECT_EQ(package.org, "linuxkit");
  EXPECT_EQ(package.tag_template, "{{.Hash}}");
  EXPECT_EQ(package.dockerfile, "Dockerfile");
  EXPECT_THAT(package.arches, ElementsAre("amd64", "arm64"));
  EXPECT_FALSE(package.network);
  EXPECT_EQ(package.config_json, "");
}

TEST_F(PackageTest, every_field_is_read) {
  directory.write("foo/customize", "");
  const Package package = load_text(
      "image: foo\norg: acme\ntag: v-{{.Hash}}\ndockerfile: Dockerfile.x\narches: [s390x]\n"
      "extra-sources: [../common:/common]\ngitrepo: https://example.org/x\nnetwork: "
      "true\ndisable-cache: true\n"
      "buildArgs:\n  - A=1\n  - B=\nconfig:\n  readonly: true\n"
      "depends:\n  rootfs:\n    suite: trixie\n    components: [main]\n    variant: essential\n    "
      "include: [apt, busybox-static]\n"
      "    customize: customize\n    target: rootfs.tar\n");
  EXPECT_THAT(messages(), IsEmpty());
  EXPECT_EQ(package.org, "acme");
  EXPECT_EQ(package.dockerfile, "Dockerfile.x");
  EXPECT_THAT(package.arches, ElementsAre("s390x"));
  EXPECT_THAT(package.extra_sources, ElementsAre("../common:/common"));
  EXPECT_TRUE(package.network);
  EXPECT_TRUE(package.disable_cache);
  EXPECT_THAT(package.build_args, ElementsAre("A=1", "B="));
  EXPECT_EQ(package.build_arg_places.at(1).line, 12);
  EXPECT_EQ(package.config_json, R"({"readonly":true})");
  EXPECT_EQ(package.rootfs->variant, "essential");
  EXPECT_THAT(package.rootfs->include, ElementsAre("apt", "busybox-static"));
}

TEST_F(PackageTest, all_problems_come_at_once_with_their_lines) {
  load_text(
      "imag: foo\nnetwork: maybe\narches: [amd64, amd64]\ndockerfile: ../Dockerfile\nbuildArgs: "
      "[X, A=1, A=2]\nextra-sources: [a]\ntag: '{{.Foo}}'\n");
  EXPECT_THAT(messages(),
              testing::UnorderedElementsAre(
                  HasSubstr(place(1) + "package: \"image\" is missing"),
                  testing::AllOf(HasSubstr(place(1)), HasSubstr("\"imag\""), HasSubstr("image")),
                  HasSubstr(place(2)), HasSubstr(place(3) + "arches names amd64 twice"),
                  HasSubstr(place(4) + "dockerfile must be a path inside"),
                  HasSubstr(place(5) + "buildArgs: \"X\""),
                  HasSubstr(place(5) + "buildArgs: A is there twice"),
                  HasSubstr(place(6) + "extra-sources"),
                  testing::AllOf(HasSubstr(place(7)), HasSubstr("invalid tag template"))));
}

TEST_F(PackageTest, a_key_that_is_there_twice_is_an_error) {
  load_text("image: foo\nimage: bar\n");
  EXPECT_THAT(messages(), ElementsAre(testing::AllOf(HasSubstr(place(2)), HasSubstr("twice"))));
}

TEST_F(PackageTest, unknown_keys_inside_are_errors_too) {
  load_text(
      "image: foo\nconfig:\n  capabilites: [all]\n  runtime:\n    mkdirs: [/x]\ndepends:\n  "
      "rootfs:\n    suite: x\n    target: y\n    includes: [z]\n");
  EXPECT_THAT(messages(), testing::UnorderedElementsAre(
                              testing::AllOf(HasSubstr(place(3)), HasSubstr("capabilities")),
                              testing::AllOf(HasSubstr(place(5)), HasSubstr("mkdir")),
                              testing::AllOf(HasSubstr(place(10)), HasSubstr("include"))));
}

TEST_F(PackageTest, a_root_filesystem_is_checked) {
  load_text(
      "image: foo\ndepends:\n  rootfs:\n    suite: \"trixie;x\"\n    variant: extrakt\n    "
      "include: [\"a,b\", --hook]\n    customize: nosuch\n    target: ../x\n");
  EXPECT_THAT(
      messages(),
      testing::UnorderedElementsAre(
          HasSubstr(place(4) + "depends.rootfs: suite"), HasSubstr("did you mean \"extract\""),
          HasSubstr("\"a,b\" is not a name"), HasSubstr("\"--hook\" is not a name"),
          HasSubstr("there is no file"), HasSubstr("target must be a file name")));
}

TEST_F(PackageTest, several_suites_are_for_root_filesystems_whose_packages_rtfx_fetches) {
  const auto load_suite = [&](const std::string& suite, const std::string& variant) {
    load_text("image: foo\ndepends:\n  rootfs:\n    suite: \"" + suite +
              "\"\n    variant: " + variant + "\n    include: [jq]\n    target: x\n");
  };
  load_suite("trixie | stable", "extract");
  EXPECT_THAT(messages(), IsEmpty());
  load_suite("trixie | stable", "minbase");
  load_suite("trixie |", "extract");
  EXPECT_THAT(messages(),
              testing::ElementsAre(HasSubstr(place(4) + "depends.rootfs: several suites need"),
                                   HasSubstr(place(4) + "depends.rootfs: suite: \"\" is not")));
}

TEST_F(PackageTest, what_is_no_package_is_told_apart) {
  load();
  directory.write("foo", "a file");
  load();
  fs::remove(directory / "foo");
  fs::create_directories(directory / "foo");
  load();
  directory.write("foo/build.yml", "");
  load();
  directory.write("foo/build.yml", "- a\n");
  load();
  EXPECT_THAT(messages(),
              ElementsAre(HasSubstr("there is no such directory"), HasSubstr("not a directory"),
                          HasSubstr("there is no build.yml"), HasSubstr("is empty"),
                          HasSubstr("expected a map")));
}

TEST_F(PackageTest, flags_name_the_organisation) {
  directory.package("foo", "image: foo\norg: acme\n");
  EXPECT_EQ(load({.org = "zz"}).org, "zz");
  EXPECT_EQ(load({.org = ""}).org, "");
  ::setenv("USER", "alice", 1);
  EXPECT_EQ(load({.dev = true}).org, "alice");
  EXPECT_EQ(load({.org = "zz", .dev = true}).org, "zz");
  EXPECT_EQ(load().org, "acme");
}

std::string label(const std::string& text) {
  Diagnostics diagnostics;
  const std::string result = config_label(yaml::parse(text, "x.yml", diagnostics), diagnostics);
  return diagnostics.empty() ? result : diagnostics.messages().front();
}

TEST(ConfigLabel, it_has_linuxkits_bytes) {
  EXPECT_EQ(
      label("runtime: {mkdir: [\"/x\"]}\nreadonly: true\nenv: []\nbinds: "
            "['/etc/resolv.conf:/etc/resolv.conf']\ncapabilities: [CAP_SYS_ADMIN]\n"),
      R"({"capabilities":["CAP_SYS_ADMIN"],"binds":["/etc/resolv.conf:/etc/resolv.conf"],"env":[],"readonly":true,"runtime":{"mkdir":["/x"],"bindNS":{}}})");
}

TEST(ConfigLabel, keys_with_dots_users_and_maps_are_kept) {
  EXPECT_EQ(
      label("uid: 999\ngid: redis\nadditionalGids: [1, x]\nbinds.add: [a]\nsysctl: {b: 1, a: "
            "x}\nnet: host\n"),
      R"({"binds.add":["a"],"net":"host","uid":999,"gid":"redis","additionalGids":[1,"x"],"sysctl":{"a":"x","b":"1"}})");
}

TEST(ConfigLabel, mounts_devices_and_resources_are_kept) {
  EXPECT_EQ(
      label(
          "mounts:\n- {type: bind, source: /a, destination: /b, options: [ro]}\ndevices:\n- {path: "
          "/dev/x, type: c, major: 1, minor: 2, mode: '0666'}\nresources: {pids: {limit: 5}}\n"),
      R"({"mounts":[{"destination":"/b","type":"bind","source":"/a","options":["ro"]}],"devices":[{"path":"/dev/x","type":"c","major":1,"minor":2,"mode":"0666"}],"resources":{"pids":{"limit":5}}})");
}

TEST(ConfigLabel, text_is_escaped_as_go_does) {
  EXPECT_EQ(label("command: [\"a<b>&c\"]\n"), "{\"command\":[\"a\\u003cb\\u003e\\u0026c\"]}");
}

TEST(ConfigLabel, wrong_types_are_errors) {
  EXPECT_THAT(label("command: redis\n"), HasSubstr("x.yml:1"));
  EXPECT_THAT(label("readonly: 1\n"), HasSubstr("true or false"));
  EXPECT_THAT(label("uid: [1]\n"), HasSubstr("a number or a name"));
  EXPECT_THAT(label("sysctl: [a]\n"), HasSubstr("a map"));
}

}  // namespace
}  // namespace rtfx::pkg
