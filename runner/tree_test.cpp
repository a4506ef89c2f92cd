// SPDX-License-Identifier: Apache-2.0
#include "runner/tree.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "runner/test_tree.hpp"

namespace rtfx::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> names(const Group& tree) {
  std::vector<std::string> all;
  for (const Case* test : all_cases(tree)) all.push_back(test->name);
  return all;
}

TEST(Tree, names_and_order_are_rtfs) {
  TestTree tree;
  tree.group("", "# NAME: top\n")
      .test("020_b")
      .test("010_z")
      .test("a")
      .test("010_a/010_inner")
      .test("_lib/x")
      .test("x_y")
      .test("-1_first");
  EXPECT_THAT(names(tree.load()),
              ElementsAre("top.first", "top.a", "top.y", "top.a.inner", "top.z", "top.b"));
}

TEST(Tree, a_directory_can_be_a_case_and_a_group) {
  TestTree tree;
  tree.group("", "# NAME: top\n").test("010_t").test("010_t/data");
  EXPECT_THAT(names(tree.load()), ElementsAre("top.t.data", "top.t"));
}

TEST(Tree, a_top_group_without_a_name_adds_nothing_to_the_names) {
  TestTree tree;
  tree.test("010_t").test("020_g/010_u");
  EXPECT_THAT(names(tree.load()), ElementsAre("t", "g.u"));
}

TEST(Tree, headers_are_read_wherever_they_stand) {
  TestTree tree;
  tree.test("t",
            "#!/bin/sh\r\n# SUMMARY: a: b \r\n#SUMMARY: no\n# AUTHOR: A\n# AUTHOR: B\n# ISSUE: "
            "1\necho\n# ISSUE: 2\n# LABELS: a, !b\n# LABELS:c\n"
            "# TIMEOUT: 5m\n# REPEAT: 3\n");
  const auto& root = tree.load();
  const Headers& headers = all_cases(root)[0]->headers;
  EXPECT_EQ(headers.summary, "a: b");
  EXPECT_EQ(headers.author, "A B");
  EXPECT_EQ(headers.issue, "1 2");
  EXPECT_EQ(headers.labels.str(","), "!b,a,c");
  EXPECT_EQ(headers.timeout, std::chrono::seconds(300));
  EXPECT_EQ(headers.repeat, 3);
  EXPECT_TRUE(headers.repeated);
}

TEST(Tree, empty_headers_are_allowed) {
  TestTree tree;
  tree.test("t", "# SUMMARY:\n# LABELS:\n# REPEAT:\n# TIMEOUT:\n");
  EXPECT_THAT(all_cases(tree.load())[0]->labels.wanted, IsEmpty());
}

TEST(Tree, labels_come_from_the_group_that_the_case_is_in) {
  TestTree tree;
  tree.group("", "# NAME: top\n# LABELS: outer\n")
      .group("g", "# LABELS: a, !b\n")
      .test("g/t", "# LABELS: b, c\n");
  const Case* test = all_cases(tree.load())[0];
  EXPECT_EQ(test->labels.str(","), "!b,a,b,c") << "as in rtf; the outer group is asked by itself";
}

TEST(Tree, problems_are_told_all_at_once_with_their_place) {
  TestTree tree;
  tree.test("010_a", "\n# REPEAT: many\n# REPEAT: -2\n")
      .test("020_a")
      .test("b", "# TIMEOUT: 0\n# SUMMARY: x\n# SUMMARY: y\n");
  tree.load();
  const auto& messages = tree.diagnostics.messages();
  ASSERT_EQ(messages.size(), 4u);
  const std::string all = testing::PrintToString(messages);
  EXPECT_THAT(all, HasSubstr("010_a/test.sh:2: REPEAT: "));
  EXPECT_THAT(all, HasSubstr("010_a/test.sh:3: REPEAT: "));
  EXPECT_THAT(all, HasSubstr("b/test.sh:1: TIMEOUT: "));
  EXPECT_THAT(all, HasSubstr("b/test.sh:3: SUMMARY stands twice"));
}

TEST(Tree, of_two_cases_with_one_name_the_second_is_called_after_its_directory) {
  TestTree tree;
  tree.group("", "# NAME: top\n")
      .test("010_g/010_t")
      .test("010_g/020_t")
      .test("020_g/010_t")
      .test("020_g/030_u")
      .test("030_g/010_t");
  EXPECT_THAT(names(tree.load()),
              ElementsAre("top.g.t", "top.g.020_t", "top.g.010_t", "top.g.u", "top.030_g.010_t"));
  EXPECT_TRUE(tree.diagnostics.empty());
  ASSERT_EQ(tree.differences.lines().size(), 1u);
  EXPECT_THAT(tree.differences.lines()[0],
              HasSubstr("010_g/020_t/test.sh: is called top.g.020_t here, as "));
  EXPECT_THAT(tree.differences.lines()[0], HasSubstr("(and 2 more)"));
}

TEST(Tree, names_that_collide_whatever_is_done_are_an_error) {
  TestTree tree;
  tree.test("a").test("\x01").test("\\x01");
  tree.load();
  ASSERT_EQ(tree.diagnostics.messages().size(), 1u);
  EXPECT_THAT(tree.diagnostics.messages()[0], HasSubstr("rename one of the directories"));
}

TEST(Tree, what_rtf_reads_otherwise_is_told_once_for_each_kind) {
  TestTree tree;
  tree.test("010_a", "# LABELS: a, b\n")
      .test("020_b", "# LABELS: a,b\n# LABELS: c\n")
      .test("030_c", "# LABELS: a ,!b\n");
  const Group& root = tree.load();
  EXPECT_EQ(all_cases(root)[1]->labels.str(","), "a,b,c");
  const auto lines = tree.differences.lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0],
              HasSubstr("010_a/test.sh:1: LABELS: blanks around a label do not count; rtf "
                        "takes \" b\" for the label (and 1 more)"));
  EXPECT_THAT(lines[1], HasSubstr("020_b/test.sh:2: a second LABELS line adds to the first"));
}

TEST(Tree, resources_retries_and_exclusive_are_read) {
  TestTree tree;
  tree.group("", "# EXCLUSIVE: net\n")
      .group("g", "# EXCLUSIVE: kvm, net\n# RESOURCES: cpus=7\n# RETRIES: 9\n")
      .test("g/t",
            "# RETRIES: 2\n# RESOURCES: mem=1G,cpus=2\n# EXCLUSIVE: disk kvm\n"
            "# INPUTS: a/*.sh, package:redis\n# INPUTS: /x\n")
      .test("u", "# RESOURCES: mem=64K\n# RESOURCES: cpus=3\n# RETRIES: 0\n");
  const Group& root = tree.load();
  EXPECT_TRUE(tree.diagnostics.empty()) << testing::PrintToString(tree.diagnostics.messages());
  const Headers& t = all_cases(root)[0]->headers;
  EXPECT_EQ(t.retries, 2);
  EXPECT_EQ(t.cpus, 2);
  EXPECT_EQ(t.memory, 1u << 30);
  EXPECT_THAT(t.exclusive, ElementsAre("disk", "kvm", "net"));
  ASSERT_EQ(t.inputs.size(), 3u);
  EXPECT_EQ(t.inputs[1].text, "package:redis");
  EXPECT_EQ(t.inputs[2].line, 5);
  const Headers& u = all_cases(root)[1]->headers;
  EXPECT_EQ(u.cpus, 3);
  EXPECT_EQ(u.memory, 64u << 10);
  EXPECT_EQ(u.retries, 0);
  EXPECT_THAT(u.exclusive, ElementsAre("net"));
}

TEST(Tree, wrong_resources_and_retries_are_told_with_what_is_expected) {
  for (const char* header :
       {"RETRIES: -1", "RETRIES: 101", "RETRIES: many", "RESOURCES: cpus=0", "RESOURCES: cpus=1025",
        "RESOURCES: cpus", "RESOURCES: mem=", "RESOURCES: mem=0", "RESOURCES: mem=1T",
        "RESOURCES: mem=99999999999G", "RESOURCES: disk=1G",
        "RESOURCES: cpus=2 =", "RETRIES: 1\n# RETRIES: 2"}) {
    TestTree tree;
    tree.test("t", std::string("#!/bin/sh\n# ") + header + "\n");
    tree.load();
    ASSERT_EQ(tree.diagnostics.messages().size(), 1u) << header;
    EXPECT_THAT(tree.diagnostics.messages()[0], testing::ContainsRegex("t/test.sh:[23]: RE"))
        << header;
  }
}

TEST(Tree, a_script_with_dos_line_ends_is_marked) {
  TestTree tree;
  tree.test("010_dos", "#!/bin/sh\r\n# SUMMARY: x\r\n")
      .test("020_unix", "#!/bin/sh\n# SUMMARY: x\r\n");
  const auto cases = all_cases(tree.load());
  EXPECT_TRUE(cases[0]->headers.crlf);
  EXPECT_EQ(cases[0]->headers.summary, "x");
  EXPECT_FALSE(cases[1]->headers.crlf);
}

TEST(Tree, links_to_directories_are_left_out_and_cannot_loop) {
  TestTree tree;
  tree.test("t");
  std::filesystem::create_directory_symlink(tree.path(), tree.path() / "loop");
  EXPECT_THAT(names(tree.load()), ElementsAre("t"));
}

TEST(Tree, odd_names_become_one_line_of_utf8) {
  TestTree tree;
  tree.test("010_a\nb").test("020_\xff\x01");
  EXPECT_THAT(names(tree.load()), ElementsAre("a\\x0ab", "\\xff\\x01"));
}

TEST(Tree, what_is_no_script_is_told_and_does_not_vanish) {
  TestTree tree;
  tree.test("ok").write("010_dir/test.sh/file", "");
  std::filesystem::create_directory(tree.path() / "020_link");
  std::filesystem::create_symlink("nowhere", tree.path() / "020_link/test.sh");
  std::filesystem::create_directory(tree.path() / "030_loop");
  std::filesystem::create_symlink("test.sh", tree.path() / "030_loop/test.sh");
  std::filesystem::create_directory(tree.path() / "040_fifo");
  ASSERT_EQ(::mkfifo((tree.path() / "040_fifo/test.sh").c_str(), 0600), 0);
  EXPECT_THAT(names(tree.load()), ElementsAre("ok"));
  const std::string told = testing::PrintToString(tree.diagnostics.messages());
  ASSERT_EQ(tree.diagnostics.messages().size(), 4u) << told;
  EXPECT_THAT(told, HasSubstr("010_dir/test.sh: is a directory, not a script"));
  EXPECT_THAT(told, HasSubstr("020_link/test.sh: is a link that leads nowhere"));
  EXPECT_THAT(told, HasSubstr("030_loop/test.sh: is a link that leads nowhere"));
  EXPECT_THAT(told, HasSubstr("040_fifo/test.sh: is not a script"));
}

TEST(Tree, a_script_behind_a_link_is_a_script) {
  TestTree tree;
  tree.write("_shared/test.sh", "# SUMMARY: shared\n");
  std::filesystem::create_directory(tree.path() / "t");
  std::filesystem::create_symlink("../_shared/test.sh", tree.path() / "t/test.sh");
  EXPECT_EQ(all_cases(tree.load()).at(0)->headers.summary, "shared");
}

TEST(Tree, problems_name_odd_paths_in_one_line) {
  TestTree tree;
  tree.test("a\nb", "# TIMEOUT: never\n").write("c\nd/test.sh/x", "");
  tree.load();
  ASSERT_EQ(tree.diagnostics.messages().size(), 2u);
  for (const std::string& message : tree.diagnostics.messages())
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

TEST(Tree, a_missing_directory_is_a_diagnostic) {
  Diagnostics diagnostics;
  load_tree("/nowhere/cases", diagnostics);
  EXPECT_FALSE(diagnostics.empty());
}

TEST(TimeLimit, is_seconds_or_has_a_unit) {
  EXPECT_EQ(parse_time_limit("90"), std::chrono::seconds(90));
  EXPECT_EQ(parse_time_limit("30s"), std::chrono::seconds(30));
  EXPECT_EQ(parse_time_limit(" 5m "), std::chrono::seconds(300));
  EXPECT_EQ(parse_time_limit("1h"), std::chrono::seconds(3600));
  for (const char* bad : {"", "0", "-1", "1.5", "5 m", "m", "1d", "99999999999", "9999999h"})
    EXPECT_FALSE(parse_time_limit(bad)) << bad;
}

}  // namespace
}  // namespace rtfx::runner
