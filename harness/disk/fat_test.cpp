// SPDX-License-Identifier: Apache-2.0
#include "harness/disk/fat.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.hpp"
#include "harness/disk/boot_media.hpp"
#include "harness/disk/partitions.hpp"
#include "harness/disk/tool.hpp"

namespace rtfx::disk {
namespace {

using ::testing::HasSubstr;

class Fat : public ::testing::Test {
 protected:
  TemporaryDirectory directory_;
  SparseFile disk_ = SparseFile::nameless(directory_.path(), "the disk");
  std::string mtools(const std::string& program, const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {"-i", disk_.path().string() + "@@1M"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_tool({program, "mtools"}, all, {});
  }
  void check() {
    const SparseFile partition = SparseFile::nameless(directory_.path(), "the partition");
    run_tool({"dd", "coreutils"},
             {"if=" + disk_.path().string(), "of=" + partition.path().string(), "bs=1M", "skip=1",
              "conv=notrunc,sparse", "status=none"},
             {});
    run_tool({"/usr/sbin/fsck.fat", "dosfstools"}, {"-nv", partition.path().string()}, {});
  }
};

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  return bytes;
}

TEST_F(Fat, HoldsFilesAndDirectoriesForOtherPrograms) {
  FatVolume volume;
  const std::string big = pattern(3'000'001);
  volume.add("kernel", Contents::of_text(big));
  volume.add("initrd.img", Contents::of_text(pattern(512)));
  volume.add("empty", Contents::of_text(""));
  volume.add("loader/entries/a name that is long, and longer.conf", Contents::of_text("x"));
  volume.add("loader/entries/another.config", Contents::of_text("y"));
  volume.add("EFI/BOOT/BOOTRISCV64.EFI", Contents::of_text("z"));
  disk_.resize(first_partition + volume.size(0));
  volume.write(disk_, first_partition, 0, 0x12345678);
  check();
  EXPECT_EQ(mtools("mtype", {"::kernel"}), big);
  EXPECT_EQ(mtools("mtype", {"::INITRD.IMG"}), pattern(512));
  EXPECT_EQ(mtools("mtype", {"::loader/entries/a name that is long, and longer.conf"}), "x");
  EXPECT_EQ(mtools("mtype", {"::loader/entries/another.config"}), "y");
  EXPECT_EQ(mtools("mtype", {"::EFI/BOOT/BOOTRISCV64.EFI"}), "z");
  EXPECT_THAT(mtools("mdir", {"::"}), HasSubstr("1234-5678"));
  EXPECT_THAT(mtools("mdir", {"::"}), HasSubstr("2017-04-18"));
}

TEST_F(Fat, GrowsItsClustersWithItsFiles) {
  FatVolume volume;
  Contents zeros;
  zeros.size = 600ULL << 20U;
  zeros.copy_to = [](const Sink& sink) {
    const std::string piece(1 << 20, '\0');
    for (int i = 0; i < 600; ++i) sink(piece);
  };
  volume.add("zeros", zeros);
  volume.add("after", Contents::of_text("end"));
  disk_.resize(first_partition + volume.size(1 << 20));
  volume.write(disk_, first_partition, 1 << 20, 1);
  check();
  EXPECT_EQ(mtools("mtype", {"::after"}), "end");
}

TEST_F(Fat, RefusesWhatItCannotHold) {
  FatVolume volume;
  Contents huge;
  huge.size = 1ULL << 32U;
  EXPECT_THROW(volume.add("initrd.img", huge), Error);
  volume.add("a", Contents::of_text(""));
  EXPECT_THROW(volume.add("a", Contents::of_text("")), Error);
  EXPECT_THROW(volume.add("a/b", Contents::of_text("")), Error);
}

}  // namespace
}  // namespace rtfx::disk
