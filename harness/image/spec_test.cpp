// SPDX-License-Identifier: Apache-2.0
#include "harness/image/spec.hpp"

#include <gmock/gmock.h>

#include "base/files.hpp"
#include "harness/image/spec_fixture.hpp"

namespace rtfx::image {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SpecSections : public fixture::Spec {};

TEST_F(SpecSections, ReadsAllSections) {
  const auto spec = load_text(R"(
kernel: {image: org/kernel:1, cmdline: console=ttyS0, ucode: u.cpio}
init: [org/init:1, org/runc:2]
onboot: [{name: a, image: org/a:1, command: [/bin/a, "1"]}]
onshutdown: [{name: b, image: org/b:1}]
services: [{name: c, image: org/c:1, uid: b, capabilities: [CAP_CHOWN], binds: [v:/v], devices: [{path: /dev/x, type: c, major: 5, minor: 1, mode: 0666}]}]
volumes: [{name: v, image: org/a:1}]
files: [{path: /etc/x, contents: "", mode: 0644, uid: c}, {path: d, directory: true}]
trust: {org: [linuxkit]}
)");
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_EQ("kernel.tar", spec->kernel->tar);
  EXPECT_EQ("kernel", spec->kernel->binary);
  EXPECT_THAT(image_refs(*spec), ElementsAre("org/kernel:1", "org/init:1", "org/runc:2", "org/a:1",
                                             "org/b:1", "org/c:1"));
  EXPECT_EQ(101U, resolve_id(*spec->services[0].config.uid, *spec));
  EXPECT_EQ("etc/x", spec->files[0].path);
  EXPECT_EQ(0644U, spec->files[0].mode);
  EXPECT_EQ(0666U, spec->services[0].config.devices->at(0).mode)
      << "an unquoted mode is octal all the same";
}

TEST_F(SpecSections, FilesAreMerged) {
  const auto first = write(
      "a.yml", "kernel: {image: org/k:1, cmdline: one}\ninit: [org/i:1]\nvolumes: [{name: v}]\n");
  const auto second = write("b.yml",
                            "kernel: {cmdline: two}\ninit: [org/i:2]\nservices: [{name: s, image: "
                            "org/s:1, binds: [v:/v]}]\n");
  const auto spec = load({first, second});
  EXPECT_THAT(problems, IsEmpty()) << "volumes of earlier files are known in later ones";
  EXPECT_EQ("org/k:1", spec->kernel->image);
  EXPECT_EQ("two", spec->kernel->cmdline);
  EXPECT_THAT(spec->init, ElementsAre("org/i:1", "org/i:2"));
}

TEST_F(SpecSections, PackagesAreResolvedEverywhereAndOtherAtSignsStay) {
  std::filesystem::create_directory(directory.path() / "sub");
  const auto spec = load({write("sub/x.yml",
                                "init: ['@pkg:../pkg/init']\nservices: [{name: s, image: '@pkg:s', "
                                "command: ['@daily', '@pkg:c']}]")});
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_THAT(spec->init, ElementsAre("org/sub.init:1"));
  EXPECT_EQ("org/sub.s:1", spec->services[0].image);
  EXPECT_THAT(*spec->services[0].config.command, ElementsAre("@daily", "org/sub.c:1"));
}

TEST_F(SpecSections, NamesMayRepeatInOnbootUnlessTheyStandForAnId) {
  load_text("onboot:\n- {name: mount, image: a}\n- {name: mount, image: a}\n");
  EXPECT_THAT(problems, IsEmpty());
  load_text(
      "onboot:\n- {name: mount, image: a}\n- {name: mount, image: a}\nfiles: [{path: a, contents: "
      "b, uid: mount}]");
  ASSERT_EQ(1U, problems.size());
  EXPECT_THAT(problems[0], HasSubstr("several containers are named \"mount\""));
}

TEST_F(SpecSections, VolumesHaveAFormatAndPlatforms) {
  const auto spec = load_text(
      "volumes:\n- {name: a, image: org/a:1, format: oci, platforms: [linux/arm64/v8, "
      "linux/amd64]}\n"
      "- {name: b, image: org/b:1}\n- {name: c, format: oci}");
  ASSERT_THAT(problems, IsEmpty());
  EXPECT_TRUE(spec->volumes[0].holds_layout());
  EXPECT_FALSE(spec->volumes[1].holds_layout());
  EXPECT_FALSE(spec->volumes[2].holds_layout())
      << "without an image it starts empty, as with linuxkit";
  ASSERT_EQ(2U, spec->volumes[0].platforms.size());
  EXPECT_EQ("v8", spec->volumes[0].platforms[0].variant);
  EXPECT_THAT(image_refs(*spec), ElementsAre("org/b:1")) << "the files of a are not used";
}

TEST_F(SpecSections, TextsFromElsewhereHaveNoPackages) {
  load({ImageFile("http://x/y.yml", "init: ['@pkg:a']", true)});
  ASSERT_EQ(1U, problems.size());
  EXPECT_EQ("http://x/y.yml:1: @pkg:a: only a YAML of this host can name packages", problems[0]);
  const auto spec = load({ImageFile("(standard input)", "init: ['@pkg:a']", false)});
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_THAT(spec->init, ElementsAre("org/.a:1"));
}

TEST(Format, NamesAreExact) {
  EXPECT_EQ(Format::kernel_initrd, parse_format("kernel+initrd"));
  EXPECT_EQ(Format::tar, parse_format("tar"));
  const auto message = [](const char* name) -> std::string {
    try {
      parse_format(name);
    } catch (const Error& error) {
      EXPECT_EQ(ExitCode::usage, error.code());
      return error.what();
    }
    return "";
  };
  ASSERT_EQ(static_cast<std::size_t>(Format::aws) + 1, all_formats().size());
  for (const Format format : all_formats()) {
    EXPECT_EQ(format, all_formats()[static_cast<std::size_t>(format)]) << "the table is in order";
    EXPECT_EQ(format, parse_format(std::string(format_name(format))));
  }
  EXPECT_THAT(message("kernel+initd"),
              testing::StartsWith("unknown format \"kernel+initd\"; did you mean "
                                  "\"kernel+initrd\"?; supported: kernel+initrd, "));
}

}  // namespace
}  // namespace rtfx::image
