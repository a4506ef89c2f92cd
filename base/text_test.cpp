// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <gtest/gtest.h>

namespace rtfx::text {
namespace {

using Strings = std::vector<std::string>;

TEST(Text, splits_at_every_separator_and_keeps_empty_parts) {
  EXPECT_EQ(split("a,,b", ','), (Strings{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (Strings{""}));
}

TEST(Text, a_list_is_trimmed_and_empty_parts_are_dropped) {
  EXPECT_EQ(split_list(" a, b ,,c "), (Strings{"a", "b", "c"}));
  EXPECT_TRUE(split_list(" , ").empty());
}

TEST(Text, suggests_the_nearest_word_but_nothing_far_off) {
  EXPECT_EQ(did_you_mean("am64", {"arm64", "amd64x", "s390x"}), "; did you mean \"arm64\"?");
  EXPECT_EQ(did_you_mean("zebra", {"arm64", "amd64"}), "");
  EXPECT_EQ(nearest("servces", {"services", "onboot"}), "services");
}

TEST(Text, printable_keeps_what_xml_allows) {
  EXPECT_EQ(printable("tab\t newline\n r\u00e9sum\u00e9 \U0001F600"),
            "tab\t newline\n r\u00e9sum\u00e9 \U0001F600");
}

TEST(Text, one_line_and_flattened_are_one_line_each) {
  EXPECT_EQ(one_line("a\nb\tc\rd \x1b"), "a\\x0ab\\x09c\\x0dd \\x1b");
  EXPECT_EQ(flattened("a\nb\tc\rd \x1b"), "a b c d \\x1b");
  EXPECT_EQ(one_line("plain"), "plain");
}

TEST(Text, printable_shows_control_characters_and_bad_utf8) {
  EXPECT_EQ(printable(std::string_view("\0\x1b[0m", 5)), "\\x00\\x1b[0m");
  EXPECT_EQ(printable("\xff\xc3("), "\\xff\\xc3(");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf") << "an overlong sequence is not UTF-8";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate is not a character";
  EXPECT_EQ(printable("\xef\xbf\xbe"), "\\xef\\xbf\\xbe") << "U+FFFE is no XML character";
}

}  // namespace
}  // namespace rtfx::text
