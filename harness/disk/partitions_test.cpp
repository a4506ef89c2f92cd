// SPDX-License-Identifier: Apache-2.0
#include "harness/disk/partitions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "harness/disk/tool.hpp"

namespace rtfx::disk {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t mib = 1 << 20;
const DiskIdentity identity(Digest::of("what is on the disk"));

/// A disk of so many bytes, and what sfdisk(8) says of it.
struct Disk {
  explicit Disk(std::uint64_t size) { file.resize(size); }

  std::string sfdisk(const std::string& what) const {
    return run_tool({"/usr/sbin/sfdisk", "fdisk"}, {what, file.path().string()}, {});
  }

  TemporaryDirectory directory;
  SparseFile file = SparseFile::nameless(directory.path(), "the disk");
};

TEST(Partitions, an_mbr_has_one_active_partition) {
  Disk disk(36 * mib);
  write_mbr(disk.file, 35 * mib, std::string(440, 'c'), identity);
  const std::string dump = disk.sfdisk("--dump");
  EXPECT_THAT(dump, HasSubstr("label: dos"));
  EXPECT_THAT(dump, HasSubstr("start=        2048, size=       71680, type=c, bootable"));
  EXPECT_EQ(disk.file.read_at(0, 440), std::string(440, 'c'));
  EXPECT_THROW(write_mbr(disk.file, 35 * mib, std::string(441, 'c'), identity), Error);
}

TEST(Partitions, a_gpt_and_its_copy_are_accepted_by_others) {
  Disk disk(40 * mib);
  write_gpt(disk.file, 38 * mib, identity);
  EXPECT_THAT(disk.sfdisk("--verify"), HasSubstr("No errors detected"));
  const std::string dump = disk.sfdisk("--dump");
  for (const std::string& part : {std::string("label: gpt"), std::string("size=       77824"),
                                  std::string("type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B"),
                                  std::string("name=\"EFI System\"")})
    EXPECT_THAT(dump, HasSubstr(part));
  std::string upper = identity.uuid_text("disk");
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_THAT(dump, HasSubstr("label-id: " + upper));
}

TEST(Partitions, the_copy_of_a_gpt_stands_in_for_a_lost_one) {
  Disk disk(40 * mib);
  write_gpt(disk.file, 38 * mib, identity);
  const std::string before = disk.sfdisk("--dump");
  disk.file.write_at(512, std::string(33 * 512, 'x'));
  EXPECT_EQ(disk.sfdisk("--dump"), before);
}

TEST(Partitions, sizes_beyond_32_bits_of_sectors_are_cut_in_the_mbr_only) {
  Disk disk(3ULL << 40U);
  write_gpt(disk.file, (3ULL << 40U) - 2 * mib, identity);
  EXPECT_THAT(disk.sfdisk("--verify"), HasSubstr("No errors detected"));
  EXPECT_EQ(disk.file.read_at(446 + 12, 4), "\xff\xff\xff\xff");
}

TEST(DiskIdentity, depends_on_the_contents_and_the_purpose) {
  const DiskIdentity same(Digest::of("what is on the disk")), other(Digest::of("else"));
  EXPECT_EQ(identity.number("disk"), same.number("disk"));
  EXPECT_NE(identity.number("disk"), identity.number("file system"));
  EXPECT_NE(identity.number("disk"), other.number("disk"));
  EXPECT_NE(identity.uuid("disk"), identity.uuid("partition"));
}

TEST(DiskIdentity, uuids_are_of_version_8_and_stored_with_swapped_fields) {
  const std::string text = identity.uuid_text("disk"), bytes = identity.uuid("disk");
  ASSERT_EQ(text.size(), 36u);
  EXPECT_EQ(text[14], '8');
  EXPECT_THAT("89ab", HasSubstr(text.substr(19, 1)));
  const auto byte = [&](std::size_t at) {
    return static_cast<char>(std::stoul(text.substr(at, 2), nullptr, 16));
  };
  EXPECT_EQ(bytes[3], byte(0));
  EXPECT_EQ(bytes[0], byte(6));
  EXPECT_EQ(bytes[8], byte(19));
  EXPECT_EQ(bytes[15], byte(34));
}

}  // namespace
}  // namespace rtfx::disk
