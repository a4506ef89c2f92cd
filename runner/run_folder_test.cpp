// SPDX-License-Identifier: Apache-2.0
#include "runner/run_folder.hpp"

#include <gmock/gmock.h>

#include "base/error.hpp"
#include "base/files.hpp"

namespace rtfx::runner {
namespace {

TEST(RunFolder, new_ids_are_unique_and_latest_follows) {
  const TemporaryDirectory results;
  const RunFolder first = make_run_folder(results.path(), "", true),
                  second = make_run_folder(results.path(), "", true);
  EXPECT_NE(first.id, second.id);
  EXPECT_EQ(fs::read_symlink(results.path() / "latest"), second.id);
  make_run_folder(results.path(), "named", false);
  EXPECT_EQ(fs::read_symlink(results.path() / "latest"), second.id);
  EXPECT_THROW(make_run_folder(results.path(), "../x", false), Error);
}

TEST(RunFolder, log_names_fit_a_file_system) {
  EXPECT_EQ(log_file_name("top.t", ""), "top.t.log");
  EXPECT_EQ(log_file_name("top.t", "arm64"), "top.t.arm64.log");
  EXPECT_EQ(log_file_name(".hidden", ""), "_.hidden.log");
  const std::string one = log_file_name(std::string(300, 'x') + "1", "arm64"),
                    other = log_file_name(std::string(300, 'x') + "2", "arm64");
  EXPECT_LT(one.size(), 255u);
  EXPECT_NE(one, other);
}

}  // namespace
}  // namespace rtfx::runner
