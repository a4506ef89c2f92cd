// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/make_output.hpp"

#include <gmock/gmock.h>

namespace rtfx::kernel {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST(MakeOutput, counts_steps_and_knows_the_last_whatever_the_pieces) {
  MakeOutput output;
  const std::string text =
      "make[1]: Entering directory '/x'\n  CC      kernel/fork.o\n  CC [M]  net/a.o\n  LD";
  for (const char c : text) output.add({&c, 1});
  EXPECT_EQ(2U, output.steps());
  EXPECT_EQ("CC [M] net/a.o", output.step());
  output.add("      vmlinux\n");
  EXPECT_EQ(3U, output.steps());
  EXPECT_EQ("LD vmlinux", output.step());
}

TEST(MakeOutput, tells_of_a_failure_what_the_compiler_said_and_not_what_make_repeats) {
  MakeOutput output;
  for (int i = 0; i < 5000; ++i) output.add("  CC      file.o\n");
  output.add(
      "net/a.c:7:3: warning: unused variable 'x' [-Wunused-variable]\n"
      "net/a.c:9:3: error: unknown type name 'foo'\n"
      "make[4]: *** [../scripts/Makefile.build:229: net/a.o] Error 1\n"
      "make[3]: *** [../scripts/Makefile.build:478: net] Error 2\n"
      "make[3]: *** Waiting for unfinished jobs....\n");
  EXPECT_EQ(1U, output.warnings());
  EXPECT_THAT(output.reasons(),
              ElementsAre("net/a.c:9:3: error: unknown type name 'foo'",
                          "make[4]: *** [../scripts/Makefile.build:229: net/a.o] Error 1"));
}

TEST(MakeOutput, without_an_error_shows_its_end) {
  MakeOutput output;
  for (int i = 0; i < 100; ++i) output.add("line " + std::to_string(i) + "\n");
  EXPECT_THAT(output.reasons(), SizeIs(20));
  EXPECT_EQ("line 99", output.reasons().back());
}

TEST(MakeOutput, keeps_little_of_endless_lines_and_shows_no_control_characters) {
  MakeOutput output;
  output.add(std::string(10'000'000, 'x'));
  output.add("\nfatal: \x1b[31mred\n");
  EXPECT_THAT(output.reasons(), ElementsAre("fatal: \\x1b[31mred"));
}

}  // namespace
}  // namespace rtfx::kernel
