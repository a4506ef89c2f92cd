// SPDX-License-Identifier: Apache-2.0
#include "harness/image/squashfs.hpp"

#include <gmock/gmock.h>
#include <sys/sysmacros.h>

#include "harness/image/fixture.hpp"

namespace rtfx::image {
namespace {

using ::testing::HasSubstr;

TEST(Squashfs, HasTheTreeWithItsExtendedAttributesWithoutUnpackingIt) {
  const TemporaryDirectory directory;
  Spool spool(directory.path());
  Tree tree;
  tree.add_origin({"init[0]", "org/image:1"});
  Inode file;
  file.data = spool.add("contents");
  file.mode = 0755;
  file.mtime = 1600000000;
  file.xattrs = {{"user.note", "kept"}};
  tree.put("bin/tool", file);
  Inode link;
  link.type = FileType::symlink;
  link.target = "/" + std::string(120, 'x');
  tree.put("link", link);
  const std::filesystem::path image = directory.path() / "image";
  for (const Compression compression : {Compression::gzip, Compression::zstd, Compression::none}) {
    SCOPED_TRACE(compression_name(compression));
    write_file_atomically(image, "");
    write_squashfs(tree, spool, {}, compression, image, {});
    const std::string list = fixture::shell("unsquashfs -lln " + image.string());
    EXPECT_THAT(list, HasSubstr("2020-09-13"));
    EXPECT_THAT(list, HasSubstr("-> /xxx"));
    EXPECT_THAT(list, HasSubstr("2017-04-18 16:30 squashfs-root\n"));
    EXPECT_EQ(fixture::shell("unsquashfs -cat " + image.string() + " bin/tool"), "contents");
    const std::string folder = (directory.path() / "out").string();
    fixture::shell("unsquashfs -q -no-progress -d " + folder + " " + image.string() + " >&2");
    EXPECT_EQ(fixture::shell("python3 -c \"import os; print(os.getxattr('" + folder +
                             "/bin/tool', 'user.note').decode())\""),
              "kept\n");
    std::filesystem::remove_all(folder);
  }
}

}  // namespace
}  // namespace rtfx::image
