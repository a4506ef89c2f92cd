// SPDX-License-Identifier: Apache-2.0
#include "harness/image/own_tar.hpp"

#include <gmock/gmock.h>
#include <sys/sysmacros.h>

#include "base/error.hpp"
#include "harness/image/fixture.hpp"
#include "harness/image/tar.hpp"

namespace rtfx::image {
namespace {

class OwnTarFile : public testing::Test {
 protected:
  OwnTarFile() {
    tree.add_origin({});
    const auto image =
        tree.add_origin({"init[0]", "docker.io/org/init:1", "amd64 sha256:1", false});
    const auto files = tree.add_origin({"files[0]", "linuxkit.files", "", true});
    Inode directory;
    directory.type = FileType::directory;
    directory.mode = 01755;
    directory.uid = 70000000;  // more than the header's field holds
    directory.origin = image;
    tree.put("dir", directory);
    Inode file;
    file.data = spool.add("contents of a file");
    file.mtime = 1600000000;
    file.xattrs["security.capability"] = std::string("\0\n=x", 4);
    file.origin = image;
    tree.put("dir/file", file);
    tree.link("dir/link", "dir/file");
    tree.put(std::string(150, 'n'), file);
    Inode symlink;
    symlink.type = FileType::symlink;
    symlink.mode = 0777;
    symlink.target = std::string(120, 't');
    symlink.origin = files;
    tree.put("symlink", symlink);
    Inode device;
    device.type = FileType::character_device;
    device.device_major = 5;
    device.device_minor = 1;
    device.origin = image;
    tree.put("tty", device);
    write_tar(tree, spool, [&](std::string_view piece) { bytes += piece; }, {});
  }
  std::filesystem::path write(const std::string& text) {
    write_file_atomically(directory.path() / "x.tar", text);
    return directory.path() / "x.tar";
  }

  TemporaryDirectory directory;
  Spool spool{directory.path()};
  Tree tree;
  std::string bytes;
};

TEST_F(OwnTarFile, EverythingThatWasWrittenIsRead) {
  const OwnTar tar(write(bytes));
  ASSERT_EQ(tree.entries().size(), tar.entries().size());
  for (const LaidOut& entry : tar.entries()) {
    if (entry.hard_link) {
      EXPECT_EQ("dir/link", entry.path);
      EXPECT_EQ("dir/file", *entry.hard_link);
      continue;
    }
    const Inode* inode = tree.find(entry.path);
    ASSERT_NE(nullptr, inode) << entry.path;
    EXPECT_EQ(inode->type, entry.inode.type);
    EXPECT_EQ(inode->mode, entry.inode.mode);
    EXPECT_EQ(inode->uid, entry.inode.uid);
    EXPECT_EQ(inode->mtime, entry.inode.mtime);
    EXPECT_EQ(inode->target, entry.inode.target);
    EXPECT_EQ(inode->xattrs, entry.inode.xattrs);
    EXPECT_EQ(inode->device_major, entry.inode.device_major);
    EXPECT_EQ(inode->data.size, entry.inode.data.size);
    const Origin& origin = tree.origins()[inode->origin];
    EXPECT_EQ(origin.location, entry.origin.location);
    EXPECT_EQ(origin.source, entry.origin.source);
    EXPECT_EQ(origin.manifest, entry.origin.manifest);
    EXPECT_EQ(origin.replaces, entry.origin.replaces);
  }
  const LaidOut* file = tar.find("dir/file");
  ASSERT_NE(nullptr, file);
  EXPECT_EQ("contents of a file", tar.read(file->inode.data));
}

TEST_F(OwnTarFile, OneThatIsCutOffIsRefused) {
  for (std::size_t size = 0; size + 1024 < bytes.size(); size += 100)
    EXPECT_THROW(OwnTar(write(bytes.substr(0, size))), Error) << size;
}

TEST_F(OwnTarFile, ABitThatIsWrongHarmsNobody) {
  for (std::size_t at = 0; at < bytes.size(); at += 7) {
    std::string wrong = bytes;
    wrong[at] = static_cast<char>(wrong[at] ^ 0x10);
    try {
      const OwnTar tar(write(wrong));
      for (const LaidOut& entry : tar.entries()) tar.read(entry.inode.data);
    } catch (const Error&) {
      continue;  // one or the other, and nothing else
    }
  }
}

TEST_F(OwnTarFile, OneOfAnotherProgramIsRefused) {
  const std::string foreign = fixture::make_tar({fixture::dir("a"), fixture::file("a/b", "c")});
  EXPECT_THROW(OwnTar(write(foreign + std::string(1024, '\0'))), Error);
  EXPECT_THROW(OwnTar(directory.path() / "nothing.tar"), Error);
  EXPECT_THROW(OwnTar(directory.path()), Error);
}

}  // namespace
}  // namespace rtfx::image
