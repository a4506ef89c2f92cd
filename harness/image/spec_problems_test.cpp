// SPDX-License-Identifier: Apache-2.0
#include "harness/image/spec.hpp"

#include <gmock/gmock.h>

#include "base/text.hpp"
#include "harness/image/spec_fixture.hpp"

namespace rtfx::image {
namespace {

class SpecProblems : public fixture::Spec {};

TEST_F(SpecProblems, ProblemsAreAllToldWithTheirPlace) {
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
       "x.yml:5: services[0].binds: expected SOURCE:DESTINATION[:OPTION,...], got \"/a\""},
      {"services:\n- name: a\n  image: b\n  binds: [v:/a]",
       "x.yml:4: services[0]: there is no volume \"v\" to bind to /a"},
      {"volumes: [{name: v, readonly: true}]\nservices:\n- name: a\n  image: b\n  binds: [v:/a]",
       "x.yml:5: services[0]: volume \"v\" is read-only"},
      {"services:\n- name: a\n  image: b\n  mounts: [{type: bind, source: v, destination: /a}]",
       "x.yml:4: services[0]: there is no volume \"v\""},
      {"services:\n- name: a\n  image: b\n  mounts: [{destination: /a}]",
       "x.yml:4: services[0].mounts[0]: the mount for destination /a is missing type"},
      {"services:\n- name: a\n  image: b\n  tmpfs: [':a']",
       "x.yml:4: services[0].tmpfs: expected DESTINATION[:OPTION,...], got \":a\""},
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
      {"volumes:\n- {name: a, format: ocy}",
       "x.yml:2: volumes[0].format: expected filesystem or oci, got \"ocy\""},
      {"volumes:\n- {name: a, platforms: [linux]}",
       "x.yml:2: volumes[0].platforms: expected OS/ARCH such as linux/arm64, got \"linux\""},
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

TEST_F(SpecProblems, SeveralProblemsAreToldTogether) {
  load_text("inti: []\nservices:\n- {name: a}\n- {name: b, image: c, comand: []}\n");
  EXPECT_EQ(3U, problems.size()) << text::join(problems, "\n");
}

TEST_F(SpecProblems, ProblemsOfMergedFilesNameTheirFile) {
  load({write("a.yml", "services: [{name: s, image: x}]"),
        write("b.yml", "\nservices:\n- {name: s, image: x}")});
  ASSERT_EQ(1U, problems.size());
  EXPECT_THAT(problems[0],
              testing::StartsWith("b.yml:3: services: there is another service \"s\" ("));
}

}  // namespace
}  // namespace rtfx::image
