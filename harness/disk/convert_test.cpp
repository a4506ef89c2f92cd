// SPDX-License-Identifier: Apache-2.0
#include "harness/disk/convert.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.hpp"
#include "harness/disk/tool.hpp"

namespace rtfx::disk {
namespace {

using ::testing::HasSubstr;

class Convert : public ::testing::Test {
 protected:
  TemporaryDirectory directory_;
  SparseFile disk_ = SparseFile::nameless(directory_.path(), "the disk");
  DiskIdentity identity_{Digest::of("contents")};

  void SetUp() override {
    disk_.resize(64 << 20);
    disk_.write_at(0, "first bytes");
    for (std::uint64_t i = 1; i < 40; ++i) disk_.write_at(i * 1'000'000, std::string(3000, 'x'));
    disk_.write_at((64 << 20) - 512, std::string(512, 'e'));
  }
  fs::path converted(DiskFormat format, const std::string& name) {
    fs::path path = directory_.path() / name;
    write_file_atomically(path, "");
    convert(disk_, format, identity_, path, {});
    return path;
  }
  void expect_same(const std::string& format, const fs::path& path) {
    EXPECT_THAT(
        run_tool({"qemu-img", "qemu-utils"},
                 {"compare", "-f", "raw", "-F", format, disk_.path().string(), path.string()}, {}),
        HasSubstr("Images are identical"));
  }
};

TEST_F(Convert, EveryFormatHasTheBytesOfTheDiskAndIsTheSameTwice) {
  const std::vector<std::pair<DiskFormat, std::string>> formats = {{DiskFormat::qcow2, "qcow2"},
                                                                   {DiskFormat::fixed_vhd, "vpc"},
                                                                   {DiskFormat::dynamic_vhd, "vpc"},
                                                                   {DiskFormat::vmdk, "vmdk"}};
  for (const auto& [format, name] : formats) {
    SCOPED_TRACE(name);
    const fs::path first = converted(format, "one." + name);
    const fs::path second = converted(format, "another." + name);
    EXPECT_EQ(Digest::of_file(first), Digest::of_file(second));
    expect_same(name, first);
    fs::remove(first);
    fs::remove(second);
  }
}

TEST_F(Convert, VhdsAreOfAWholeNumberOfMebibytes) {
  const fs::path path = converted(DiskFormat::fixed_vhd, "disk.vhd");
  EXPECT_EQ(fs::file_size(path), (64 << 20) + 512);
}

TEST_F(Convert, IdentitiesDependOnTheContents) {
  const fs::path first = converted(DiskFormat::vmdk, "one.vmdk");
  identity_ = DiskIdentity(Digest::of("other contents"));
  const fs::path second = converted(DiskFormat::vmdk, "two.vmdk");
  EXPECT_NE(Digest::of_file(first), Digest::of_file(second));
}

TEST_F(Convert, ComputeEngineGetsASparseTarOfTheDisk) {
  EXPECT_THROW(write_gcp(disk_, [](std::string_view) {}, {}), Error);
  disk_.resize(1ULL << 30U);
  const fs::path path = directory_.path() / "disk.tar.gz";
  const FileDescriptor fd(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
  write_gcp(disk_, [&](std::string_view bytes) { write_all(fd.get(), bytes, "tar"); }, {});
  EXPECT_LT(fs::file_size(path), 1 << 20);
  run_tool({"tar", "tar"}, {"-C", directory_.path().string(), "-xzf", path.string()}, {});
  run_tool({"cmp", "diffutils"}, {disk_.path().string(), (directory_.path() / "disk.raw").string()},
           {});
}

TEST_F(Convert, FailuresOfToolsAreTold) {
  try {
    convert(disk_, DiskFormat::qcow2, identity_, directory_.path() / "no" / "such", {});
    FAIL() << "written to a directory that is not there";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("qemu-img: exit 1: "));
  }
}

TEST(Gpt, IsValidForOthers) {
  const TemporaryDirectory directory;
  SparseFile disk = SparseFile::nameless(directory.path(), "the disk");
  disk.resize(64 << 20);
  write_gpt(disk, 32 << 20, DiskIdentity(Digest::of("contents")));
  const std::string told =
      run_tool({"/usr/sbin/sfdisk", "fdisk"}, {"--verify", disk.path().string()}, {});
  EXPECT_THAT(told, HasSubstr("No errors detected"));
  const std::string dump =
      run_tool({"/usr/sbin/sfdisk", "fdisk"}, {"--dump", disk.path().string()}, {});
  EXPECT_THAT(dump, HasSubstr("type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B"));
  EXPECT_THAT(dump, HasSubstr("start=        2048, size=       65536"));
  EXPECT_THAT(dump, HasSubstr("name=\"EFI System\""));
}

}  // namespace
}  // namespace rtfx::disk
