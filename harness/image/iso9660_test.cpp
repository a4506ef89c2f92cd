// SPDX-License-Identifier: Apache-2.0
#include "harness/image/iso9660.hpp"

#include <gmock/gmock.h>
#include <sys/sysmacros.h>

#include "harness/image/fixture.hpp"
#include "harness/image/rock_ridge.hpp"

namespace rtfx::image {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Iso : public fixture::WriterTest {
 protected:
  IsoOptions options_{.identity = disk::DiskIdentity(Digest::of("contents"))};

  Inode file(const std::string& text) { return inode_of(text); }
  std::vector<std::string> write() {
    return into_file([&](auto sink) { return write_iso(tree_, spool_, options_, sink, {}); });
  }
  std::string xorriso(const std::string& commands) {
    return fixture::shell("xorriso -indev " + image_.string() + " " + commands + " 2>&1");
  }
};

TEST_F(Iso, OthersReadNamesTargetsAndDevicesOfAnyLength) {
  const std::string long_name(255, 'n');
  std::string long_target;
  for (int i = 0; i < 9; ++i)
    long_target += "/" + std::string(100, static_cast<char>('a' + i % 26));
  tree_.put("d/" + long_name, file("long"));
  Inode link;
  link.type = FileType::symlink;
  link.target = long_target;
  tree_.put("d/link", link);
  Inode device;
  device.type = FileType::character_device;
  device.device_major = 5;
  device.device_minor = 1;
  tree_.put("console", device);
  write();
  const std::string list = xorriso("-lsl /d --");
  EXPECT_THAT(list, HasSubstr("'" + long_name + "'"));
  EXPECT_THAT(list, HasSubstr("'link' -> '" + long_target + "'"));
  EXPECT_THAT(xorriso("-lsl / --"), HasSubstr("5,1"));
}

TEST_F(Iso, TellsLostAttributes) {
  Inode inode = file("x");
  inode.xattrs = {{"security.capability", "x"}};
  tree_.put("tool", inode);
  EXPECT_THAT(
      write(),
      ElementsAre("/tool: an ISO cannot hold its extended attributes (security.capability)"));
}

TEST_F(Iso, FirmwareFindsWhatItStarts) {
  options_.efi_partition = disk::Contents::of_text(std::string(1 << 20, 'e'));
  write();
  const std::string efi = xorriso("-report_el_torito plain -report_system_area plain");
  EXPECT_THAT(efi, HasSubstr("El Torito boot img :   1  UEFI  y   none"));
  EXPECT_THAT(efi, HasSubstr("0xef"));
  options_.efi_partition.reset();
  options_.bios = IsoBios{std::string(432, 'b'), std::string(4096, 'i'), "ldlinux", "config"};
  write();
  const std::string bios = xorriso("-report_el_torito plain -report_system_area plain");
  EXPECT_THAT(bios, HasSubstr("El Torito boot img :   1  BIOS  y   none"));
  EXPECT_THAT(bios, HasSubstr("/isolinux/isolinux.bin"));
  EXPECT_THAT(xorriso("-osirrox on -extract /isolinux/isolinux.cfg " +
                      (directory_.path() / "cfg").string()),
              HasSubstr("Extracted"));
  EXPECT_EQ(read_file(directory_.path() / "cfg"), "config");
}

TEST(RockRidge, TimesItCannotHoldAreTheNearest) {
  EXPECT_EQ(iso_time(0), std::string("\x46\1\1\0\0\0\0", 7));
  EXPECT_EQ(iso_time(-9000000000), std::string("\0\1\1\0\0\0\0", 7));
  EXPECT_EQ(iso_time(9000000000), std::string("\xff\x0c\x1f\x17\x3b\x3b\0", 7));
}

TEST(RockRidge, FieldsNeverCrossABlock) {
  const std::vector<std::string> fields(40, std::string(250, 'f'));
  std::string continuation(1900, 'o');
  const std::string record = place_fields(fields, 100, continuation, 77);
  EXPECT_EQ(record, continuation_field(78, 0, 28 + 8 * 250));
}

}  // namespace
}  // namespace rtfx::image
