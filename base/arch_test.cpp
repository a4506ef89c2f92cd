// SPDX-License-Identifier: Apache-2.0
#include "base/arch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.hpp"

namespace rtfx {
namespace {

using testing::HasSubstr;

TEST(Arch, an_unknown_one_is_answered_with_the_nearest) {
  const ArchTable table = ArchTable::builtin();
  const auto message = [&](const char* name) -> std::string {
    try {
      return table.find(name).name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::nothing_to_run);
      return error.what();
    }
  };
  EXPECT_EQ(message("s390x"), "s390x");
  EXPECT_THAT(message("aarch64"), HasSubstr("did you mean \"arm64\"?"));
  EXPECT_THAT(message("amd46"), HasSubstr("did you mean \"amd64\"?"));
  EXPECT_THAT(message("vax"), HasSubstr("known: amd64, arm64, s390x, riscv64"));
}

TEST(Arch, a_project_can_replace_and_add_rows) {
  ArchTable table = ArchTable::builtin();
  Arch row = table.find("arm64");
  row.cpu = "max";
  table.add(row);
  EXPECT_EQ(table.find("arm64").cpu, "max");
  row.name = "loong64";
  table.add(row);
  EXPECT_EQ(table.names().size(), 5u);
}

TEST(Arch, every_row_is_whole_and_none_is_like_another) {
  const ArchTable table = ArchTable::builtin();
  std::set<std::string> prefixes, programs;
  for (const std::string& name : table.names()) {
    const Arch& row = table.find(name);
    for (const std::string& field :
         {row.uname, row.debian, row.kernel_arch, row.kernel_target, row.cross_prefix, row.qemu,
          row.qemu_package, row.machine, row.console})
      EXPECT_FALSE(field.empty()) << name;
    EXPECT_TRUE(prefixes.insert(row.cross_prefix).second) << name;
    EXPECT_TRUE(programs.insert(row.qemu).second) << name;
    EXPECT_EQ(row.efi.empty(), row.uefi_firmware.empty()) << name;
    EXPECT_EQ(table.find_uname(row.uname), &row);
  }
  EXPECT_EQ(table.find_uname("vax"), nullptr);
}

TEST(Arch, of_this_machine_is_a_row_of_the_table) {
  const ArchTable table = ArchTable::builtin();
  EXPECT_EQ(table.find(host_arch(table)).name, host_arch(table));
  EXPECT_NE(host_arch(ArchTable()), "") << "uname's word where there is no row";
}

}  // namespace
}  // namespace rtfx
