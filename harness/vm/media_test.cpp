// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/media.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/vm/config_iso.hpp"
#include "harness/vm/disk_format.hpp"

namespace rtfx::vm {
namespace {

using testing::HasSubstr;

class Media : public testing::Test {
 protected:
  fs::path file(const std::string& name, const std::string& content = "x") {
    write_file_atomically(directory.path() / name, content);
    return directory.path() / name;
  }
  fs::path prefix() { return directory.path() / "vm"; }
  std::string refusal(const fs::path& image, MediumChoice choice = MediumChoice::found) {
    try {
      find_medium(image, choice);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      return error.what();
    }
    return "found";
  }
  static std::string bootable() { return std::string(510, '\0') + "\x55\xaa"; }

  TemporaryDirectory directory;
};

TEST_F(Media, format_is_found_by_content) {
  using namespace std::string_literals;
  const std::pair<std::string, std::string> cases[] = {
      {"QFI\xfb\0\0\0\3"s, "qcow2"},
      {"QFI\xfb\0\0\0\1"s, "qcow"},
      {"KDMV\1"s, "vmdk"},
      {"# Disk DescriptorFile\n"s, "vmdk"},
      {"conectix"s, "vpc"},
      {"vhdxfile"s, "vhdx"},
      {std::string(64, ' ') + "\x7f\x10\xda\xbe", "vdi"},
      {"QED\0"s, "qed"},
      {"anything else"s, "raw"},
      {std::string(1024, 'x') + "conectix" + std::string(504, '\0'), "vpc"},
  };
  for (const auto& [content, format] : cases)
    EXPECT_EQ(look_into(file("disk.raw", content), "disk").format, format) << content;
  EXPECT_TRUE(look_into(file("disk", bootable()), "disk").boot_sector);
  EXPECT_FALSE(look_into(file("disk", bootable() + "x"), "disk").iso);
  EXPECT_TRUE(look_into(file("disk", config_iso("x")), "disk").iso);
}

TEST_F(Media, what_is_no_image_is_refused) {
  EXPECT_THAT(refusal(directory.path()), HasSubstr(" is no file"));
  EXPECT_THAT(refusal(file("empty", "")),
              HasSubstr("the disk image " + directory.path().string() + "/empty is empty"));
  const fs::path fifo = directory.path() / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THAT(refusal(fifo), HasSubstr("fifo is no file"));
  EXPECT_THAT(refusal(file("text.iso")),
              HasSubstr("text.iso is no ISO image: it has no ISO 9660 file system"));
  EXPECT_THAT(refusal(directory.path() / "gone", MediumChoice::iso), HasSubstr("no ISO image "));
}

TEST_F(Media, an_iso_is_one_by_its_content_or_its_name) {
  for (const char* name : {"an.iso", "an.img"}) {
    const Medium medium = find_medium(file(name, config_iso("x")), MediumChoice::found);
    EXPECT_TRUE(medium.cdrom && medium.read_only) << name;
    EXPECT_EQ(medium.format, "raw");
    EXPECT_TRUE(medium.kernel.empty());
  }
}

TEST_F(Media, a_prefix_takes_the_root_file_system_that_linuxkit_takes) {
  file("vm-kernel");
  file("vm-cmdline", "quiet\n");
  EXPECT_THAT(refusal(prefix()),
              HasSubstr("vm-initrd.img; rtfx build --format kernel+initrd writes it"));
  file("vm.iso", config_iso("x"));
  Medium medium = find_medium(prefix(), MediumChoice::found);
  EXPECT_TRUE(medium.cdrom);
  EXPECT_EQ(medium.cmdline, "quiet root=/dev/sr0");
  EXPECT_EQ(medium.note, "");
  file("vm-erofs.img");
  medium = find_medium(prefix(), MediumChoice::found);
  EXPECT_EQ(medium.image.filename(), "vm-erofs.img");
  EXPECT_EQ(medium.cmdline, "quiet root=/dev/vda");
  file("vm-initrd.img");
  medium = find_medium(prefix(), MediumChoice::found);
  EXPECT_EQ(medium.initrd.filename(), "vm-initrd.img");
  EXPECT_EQ(medium.cmdline, "quiet");
  file("vm-squashfs.img");
  medium = find_medium(prefix(), MediumChoice::found);
  EXPECT_EQ(medium.image.filename(), "vm-squashfs.img");
  EXPECT_TRUE(medium.read_only);
  EXPECT_THAT(medium.note, HasSubstr("not used: " + prefix().string() + "-initrd.img, "));
  EXPECT_EQ(find_medium(prefix(), MediumChoice::kernel).initrd.filename(), "vm-initrd.img");
  file("vm-cmdline", "root=/dev/sda1");
  EXPECT_EQ(find_medium(prefix(), MediumChoice::squashfs).cmdline, "root=/dev/sda1");
}

TEST_F(Media, a_directory_of_the_prefix_is_no_image) {
  file("vm-kernel");
  file("vm-initrd.img");
  fs::create_directory(prefix());
  EXPECT_FALSE(find_medium(prefix(), MediumChoice::found).kernel.empty());
}

TEST_F(Media, a_wrong_prefix_is_told_what_there_is) {
  file("vm-kernel");
  EXPECT_THAT(refusal(directory.path() / "vn"),
              HasSubstr("; did you mean \"" + prefix().string() + "\"?"));
  EXPECT_THAT(refusal(directory.path() / "disk.img"), HasSubstr("disk.img\": no such file"));
  file("disk-bios.img");
  EXPECT_THAT(refusal(directory.path() / "disk"),
              HasSubstr("; there is " + directory.path().string() + "/disk-bios.img"));
}

TEST_F(Media, firmware_is_that_which_can_start_it) {
  const ArchTable table = ArchTable::builtin();
  const Medium disk = find_medium(file("disk", bootable()), MediumChoice::found);
  EXPECT_FALSE(needs_uefi(disk, table.find("amd64")));
  EXPECT_TRUE(needs_uefi(disk, table.find("arm64")));
  EXPECT_TRUE(needs_uefi(disk, table.find("riscv64")));
  EXPECT_FALSE(needs_uefi(disk, table.find("s390x")));
  const Medium text = find_medium(file("text"), MediumChoice::found);
  EXPECT_FALSE(needs_uefi(text, table.find("s390x"))) << "it has a way of its own";
  EXPECT_THROW(needs_uefi(text, table.find("amd64")), Error);
  EXPECT_THROW(needs_uefi(text, table.find("arm64")), Error);
}

}  // namespace
}  // namespace rtfx::vm
