// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <gtest/gtest.h>

namespace rtfx {
namespace {

TEST(Error, context_goes_in_front_and_the_code_stays) {
  try {
    in_context("outer", [] { throw Error("inner", ExitCode::host); });
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "outer: inner");
    EXPECT_EQ(error.code(), ExitCode::host);
  }
}

TEST(Error, diagnostics_are_thrown_all_at_once_in_their_order) {
  Diagnostics diagnostics;
  EXPECT_NO_THROW(diagnostics.throw_if_any());
  diagnostics.error({"b.yml", 7}, "second");
  diagnostics.error({"a.yml"}, "first");
  try {
    diagnostics.throw_if_any();
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "b.yml:7: second\na.yml: first");
    EXPECT_EQ(error.code(), ExitCode::usage);
  }
}

}  // namespace
}  // namespace rtfx
