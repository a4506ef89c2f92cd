// SPDX-License-Identifier: Apache-2.0
#include "harness/disk/boot_media.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "harness/disk/tool.hpp"

namespace rtfx::disk {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t mib = 1 << 20;

BootParts parts(bool with_initrd = true) {
  BootParts parts{Contents::of_text("the kernel"), std::nullopt, "console=ttyS0 quiet",
                  Digest::of("parts")};
  if (with_initrd) parts.initrd = Contents::of_text("the initrd");
  return parts;
}

class BootMedia : public ::testing::Test {
 protected:
  BootMedia() { write_file_atomically(directory_.path() / "loader.efi", "MZ loader"); }
  EfiLoader loader() const { return {"x64", directory_.path() / "loader.efi"}; }
  std::string file_at(std::uint64_t offset, const std::string& name) {
    return run_tool({"mtype", "mtools"},
                    {"-i", disk_.path().string() + "@@" + std::to_string(offset), "::" + name}, {});
  }

  TemporaryDirectory directory_;
  SparseFile disk_ = SparseFile::nameless(directory_.path(), "the disk");
};

TEST_F(BootMedia, a_disk_for_uefi_has_loader_kernel_and_entry) {
  write_efi_disk(disk_, parts(), loader(), 0, {});
  EXPECT_EQ(file_at(mib, "EFI/BOOT/BOOTX64.EFI"), "MZ loader");
  EXPECT_EQ(file_at(mib, "kernel"), "the kernel");
  EXPECT_EQ(file_at(mib, "initrd.img"), "the initrd");
  EXPECT_EQ(file_at(mib, "loader/entries/linux.conf"),
            "title Linux\nlinux /kernel\ninitrd /initrd.img\noptions console=ttyS0 quiet\n");
  EXPECT_EQ(disk_.size() % mib, 0u);
}

TEST_F(BootMedia, without_an_initrd_the_entry_names_none) {
  write_efi_partition(disk_, parts(false), loader());
  EXPECT_EQ(file_at(0, "loader/entries/linux.conf"),
            "title Linux\nlinux /kernel\noptions console=ttyS0 quiet\n");
  EXPECT_EQ(syslinux_config("/kernel", "", ""), "DEFAULT linux\nLABEL linux\n    KERNEL /kernel\n");
}

TEST_F(BootMedia, a_disk_has_the_size_that_was_asked_for) {
  write_efi_disk(disk_, parts(), loader(), 64 * mib, {});
  EXPECT_EQ(disk_.size(), 64 * mib);
  EXPECT_EQ(file_at(mib, "kernel"), "the kernel");
}

TEST_F(BootMedia, a_size_that_is_too_small_is_told_with_what_is_needed) {
  try {
    write_efi_disk(disk_, parts(), loader(), 10 * mib, {});
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_THAT(error.what(), HasSubstr("a disk of 10 MiB is too small; this image needs "));
  }
}

TEST_F(BootMedia, the_same_parts_give_the_same_bytes) {
  write_efi_disk(disk_, parts(), loader(), 0, {});
  SparseFile again = SparseFile::nameless(directory_.path(), "again");
  write_efi_disk(again, parts(), loader(), 0, {});
  EXPECT_EQ(Digest::of_file(disk_.path()), Digest::of_file(again.path()));
}

TEST_F(BootMedia,
       a_tool_that_fails_is_told_with_its_words_and_one_that_is_missing_with_its_package) {
  try {
    run_tool({"sh", "dash"}, {"-c", "echo what went wrong >&2; exit 3"}, {});
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("what went wrong"));
  }
  try {
    run_tool({"rtfx-no-such-tool", "the-package"}, {}, {});
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::host);
    EXPECT_THAT(error.what(), HasSubstr("the-package"));
  }
}

}  // namespace
}  // namespace rtfx::disk
