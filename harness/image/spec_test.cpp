// SPDX-License-Identifier: Apache-2.0
#include "harness/image/spec.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/image/image.hpp"

namespace rtfx::image {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Spec : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) {
    write_file_atomically(directory.path() / name, text);
    return directory.path() / name;
  }
  std::shared_ptr<const ImageSpec> load(const std::vector<std::filesystem::path>& files) {
    Diagnostics diagnostics;
    const auto resolver = [](const std::filesystem::path& base, const std::string& path) {
      if (path == "../missing") throw Error("there is no package");
      return "org/" + base.filename().string() + "." +
             std::filesystem::path(path).filename().string() + ":1";
    };
    auto spec = load_image(files, resolver, diagnostics);
    problems.clear();
    for (std::string message : diagnostics.messages()) {
      const std::string place = directory.path().string() + "/";
      if (message.starts_with(place)) message = message.substr(place.size());
      problems.push_back(message);
    }
    return spec;
  }
  std::shared_ptr<const ImageSpec> load_text(const std::string& text) {
    return load({write("x.yml", text)});
  }

  TemporaryDirectory directory;
  std::vector<std::string> problems;
};

TEST_F(Spec, ReadsAllSections) {
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

TEST_F(Spec, ProblemsAreAllToldWithTheirPlace) {
  struct Case {
    const char* yaml;
    const char* problem;
  };
  const Case cases[] = {
      {"",
       "x.yml:1: expected the description of an image (a map with kernel, init, ...), got nothing"},
      {"- a",
       "x.yml:1: expected the description of an image (a map with kernel, init, ...), got a list"},
      {"kernal: {image: a}", "x.yml:1: image: unknown key \"kernal\"; did you mean \"kernel\"?"},
      {"kernel: linux", "x.yml:1: kernel: expected a map, got \"linux\""},
      {"kernel:\n  image: a\n  cmdlin: b",
       "x.yml:3: kernel: unknown key \"cmdlin\"; did you mean \"cmdline\"?"},
      {"kernel: {cmdline: a}", "x.yml:1: kernel: \"image\" is missing"},
      {"init: a", "x.yml:1: init: expected a list, got \"a\""},
      {"init:\n  - [a]", "x.yml:2: init[0]: expected the reference of an image, got a list"},
      {"init:\n  - '@pkg:../missing'", "x.yml:2: @pkg:../missing: there is no package"},
      {"init:\n  - '@other'",
       "x.yml:2: init[0]: expected the reference of an image, got \"@other\""},
      {"onboot:\n  - image: a", "x.yml:2: onboot[0]: \"name\" is missing"},
      {"services:\n- name: a", "x.yml:2: services[0]: \"image\" is missing"},
      {"services:\n- {name: a, image: b}\n- {name: a, image: b}",
       "x.yml:3: services: there is another service \"a\""},
      {"services:\n- {name: a/../../x, image: b}",
       "x.yml:2: services[0].name: expected letters, digits"},
      {"services:\n- {name: .., image: b}", "x.yml:2: services[0].name: expected letters, digits"},
      {"services:\n- name: a\n  image: b\n  capabilities: [CAP_SYS_ADMN]",
       "x.yml:4: services[0].capabilities: unknown capability \"CAP_SYS_ADMN\"; did you mean "
       "\"CAP_SYS_ADMIN\"?"},
      {"services:\n- name: a\n  image: b\n  capabilities: [all, CAP_CHOWN]",
       "x.yml:4: services[0].capabilities: unknown capability \"all\""},
      {"services:\n- name: a\n  image: b\n  binds:\n  - /a",
       "x.yml:5: services[0].binds: expected SOURCE:/DESTINATION[:OPTION,...], got \"/a\""},
      {"services:\n- name: a\n  image: b\n  binds: [v:/a]",
       "x.yml:4: services[0]: there is no volume \"v\" to bind to /a"},
      {"volumes: [{name: v, readonly: true}]\nservices:\n- name: a\n  image: b\n  binds: [v:/a]",
       "x.yml:5: services[0]: volume \"v\" is read-only"},
      {"services:\n- name: a\n  image: b\n  mounts: [{type: bind, source: v, destination: /a}]",
       "x.yml:4: services[0]: there is no volume \"v\""},
      {"services:\n- name: a\n  image: b\n  mounts: [{destination: /a}]",
       "x.yml:4: services[0].mounts[0]: the mount for destination /a is missing type"},
      {"services:\n- name: a\n  image: b\n  tmpfs: [a]",
       "x.yml:4: services[0].tmpfs: expected /DESTINATION[:OPTION,...], got \"a\""},
      {"services:\n- name: a\n  image: b\n  rlimits: ['nofil,1']",
       "x.yml:4: services[0].rlimits: expected NAME,SOFT,HARD"},
      {"services:\n- name: a\n  image: b\n  rlimits: ['nofil,1,2']",
       "x.yml:4: services[0].rlimits: unknown limit \"nofil\"; did you mean \"RLIMIT_NOFILE\"?"},
      {"services:\n- name: a\n  image: b\n  devices: [{path: /dev/x, type: c}]",
       "x.yml:4: services[0].devices[0].mode: expected an octal file mode"},
      {"services:\n- name: a\n  image: b\n  uid: nobody",
       "x.yml:2: services[0].uid: there is no container \"nobody\" to take the id of"},
      {"services:\n- name: a\n  image: b\n  uid: -1",
       "x.yml:4: services[0].uid: expected a number from 0 to 4294967295 or the name of a "
       "container, got \"-1\""},
      {"services:\n- name: a\n  image: b\n  readonly: yes",
       "x.yml:4: services[0].readonly: expected true or false, got \"yes\""},
      {"services:\n- name: a\n  image: b\n  resources: {memory: {limits: 1}}",
       "x.yml:4: services[0].resources.memory: unknown key \"limits\"; did you mean \"limit\"?"},
      {"services:\n- name: a\n  image: b\n  runtime: {bindNS: {nett: /x}}",
       "x.yml:4: services[0].runtime.bindNS: unknown key \"nett\"; did you mean \"net\"?"},
      {"volumes:\n- {name: A}",
       "x.yml:2: volumes[0].name: expected lower-case letters, digits, \"_\" and \"-\", got \"A\""},
      {"volumes:\n- {name: a}\n- {name: a}",
       "x.yml:3: volumes[1].name: there is another volume \"a\""},
      {"volumes:\n- {name: a, format: oci}",
       "x.yml:2: volumes[0].format: \"oci\" is not supported yet; supported: filesystem"},
      {"files:\n- {path: a}",
       "x.yml:2: files[0]: a needs one of directory: true, symlink, contents, source and metadata"},
      {"files:\n- {path: a, contents: b, source: c}",
       "x.yml:2: files[0]: a needs exactly one of directory: true"},
      {"files:\n- {path: ../a, contents: b}",
       "x.yml:2: files[0].path: the path \"../a\" has \"..\""},
      {"files:\n- {path: a, contents: b, mode: '0888'}",
       "x.yml:2: files[0].mode: expected an octal file mode such as \"0644\", got \"0888\""},
      {"files:\n- {path: a, metadata: toml}",
       "x.yml:2: files[0].metadata: expected yaml or json, got \"toml\""},
      {"files:\n- {path: a, contents: b, uid: who}",
       "x.yml:2: files[0].uid: there is no container \"who\""},
  };
  for (const Case& c : cases) {
    load_text(c.yaml);
    EXPECT_EQ(1U, problems.size()) << c.yaml << "\n" << text::join(problems, "\n");
    if (problems.empty()) continue;
    EXPECT_THAT(problems.front(), testing::StartsWith(c.problem)) << c.yaml;
  }
}

TEST_F(Spec, SeveralProblemsAreToldTogether) {
  load_text("inti: []\nservices:\n- {name: a}\n- {name: b, image: c, comand: []}\n");
  EXPECT_EQ(3U, problems.size()) << text::join(problems, "\n");
}

TEST_F(Spec, FilesAreMerged) {
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

TEST_F(Spec, ProblemsOfMergedFilesNameTheirFile) {
  load({write("a.yml", "services: [{name: s, image: x}]"),
        write("b.yml", "\nservices:\n- {name: s, image: x}")});
  ASSERT_EQ(1U, problems.size());
  EXPECT_THAT(problems[0],
              testing::StartsWith("b.yml:3: services: there is another service \"s\" ("));
}

TEST_F(Spec, PackagesAreResolvedEverywhereAndOtherAtSignsStay) {
  std::filesystem::create_directory(directory.path() / "sub");
  const auto spec = load({write("sub/x.yml",
                                "init: ['@pkg:../pkg/init']\nservices: [{name: s, image: '@pkg:s', "
                                "command: ['@daily', '@pkg:c']}]")});
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_THAT(spec->init, ElementsAre("org/sub.init:1"));
  EXPECT_EQ("org/sub.s:1", spec->services[0].image);
  EXPECT_THAT(*spec->services[0].config.command, ElementsAre("@daily", "org/sub.c:1"));
}

TEST_F(Spec, NamesMayRepeatInOnbootUnlessTheyStandForAnId) {
  load_text("onboot:\n- {name: mount, image: a}\n- {name: mount, image: a}\n");
  EXPECT_THAT(problems, IsEmpty());
  load_text(
      "onboot:\n- {name: mount, image: a}\n- {name: mount, image: a}\nfiles: [{path: a, contents: "
      "b, uid: mount}]");
  ASSERT_EQ(1U, problems.size());
  EXPECT_THAT(problems[0], HasSubstr("several containers are named \"mount\""));
}

TEST_F(Spec, MergedTextIsReadBackAsTheSame) {
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
  EXPECT_EQ("format \"raw-bios\" is not supported yet; supported: kernel+initrd, tar",
            message("raw-bios"));
  EXPECT_EQ(
      "unknown format \"kernel+initd\"; did you mean \"kernel+initrd\"?; supported: kernel+initrd, "
      "tar",
      message("kernel+initd"));
}

}  // namespace
}  // namespace rtfx::image
