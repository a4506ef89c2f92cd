// SPDX-License-Identifier: Apache-2.0
#include "runner/console/width.hpp"

#include <gmock/gmock.h>

namespace rtfx::console {
namespace {

TEST(Width, counts_the_columns_of_a_terminal) {
  EXPECT_EQ(display_width(""), 0u);
  EXPECT_EQ(display_width("plain"), 5u);
  EXPECT_EQ(display_width("größe"), 5u);
  EXPECT_EQ(display_width("日本"), 4u);
  EXPECT_EQ(display_width("e\u0301"), 1u);     // a combining accent
  EXPECT_EQ(display_width("\U0001F427"), 2u);  // a penguin
}

TEST(Width, cuts_between_characters) {
  EXPECT_EQ(cut("plain", 5), "plain");
  EXPECT_EQ(cut("plainly", 6), "pla...");
  EXPECT_EQ(cut("größer als", 8), "größe...");
  EXPECT_EQ(cut("日本語日本語", 8), "日本...");
  EXPECT_EQ(cut("日本語日本語", 12), "日本語日本語");
  EXPECT_EQ(cut("日本", 1), ".");
  EXPECT_EQ(cut("plain", 0), "");
}

}  // namespace
}  // namespace rtfx::console
