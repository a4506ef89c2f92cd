// SPDX-License-Identifier: Apache-2.0
#include "harness/image/erofs.hpp"

#include <gmock/gmock.h>
#include <sys/sysmacros.h>

#include "harness/image/fixture.hpp"

namespace rtfx::image {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Erofs : public fixture::WriterTest {
 protected:
  Inode file(const std::string& text) { return inode_of(text); }
  std::vector<std::string> write() {
    return into_file([&](auto sink) { return write_erofs(tree_, spool_, {}, sink, {}); });
  }
  std::string bytes_of(const std::string& path) {
    fixture::shell("rm -rf " + directory_.path().string() + "/out; fsck.erofs --extract=" +
                   directory_.path().string() + "/out " + image_.string() + " >&2");
    return read_file(directory_.path() / "out" / path);
  }
};

TEST_F(Erofs, EverySizeAroundABlockComesBack) {
  for (std::size_t size :
       {0U, 1U, 4031U, 4032U, 4033U, 4095U, 4096U, 4097U, 8128U, 8192U, 300000U}) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i % 251);
    tree_.put("f" + std::to_string(size), file(text));
  }
  EXPECT_TRUE(write().empty());
  for (std::size_t size :
       {0U, 1U, 4031U, 4032U, 4033U, 4095U, 4096U, 4097U, 8128U, 8192U, 300000U}) {
    const std::string text = bytes_of("f" + std::to_string(size));
    ASSERT_EQ(text.size(), size);
    for (std::size_t i = 0; i < size; ++i)
      ASSERT_EQ(text[i], static_cast<char>(i % 251)) << size << " " << i;
  }
}

TEST_F(Erofs, HoldsDirectoriesOfManyBlocks) {
  for (int i = 0; i < 3000; ++i)
    tree_.put("many/" + std::string(60, 'n') + std::to_string(i), file(std::to_string(i)));
  write();
  EXPECT_EQ(bytes_of("many/" + std::string(60, 'n') + "2999"), "2999");
  EXPECT_EQ(fixture::shell("ls " + directory_.path().string() + "/out/many | wc -l"), "3000\n");
}

TEST_F(Erofs, KeepsWhatLinuxKnowsOfExtendedAttributesAndTellsTheRest) {
  Inode inode = file("x");
  inode.xattrs = {
      {"security.capability", std::string("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20)},
      {"user.note", "value"},
      {"odd.name", "lost"}};
  tree_.put("tool", inode);
  EXPECT_THAT(
      write(),
      ElementsAre(HasSubstr("/tool: EROFS cannot hold its extended attributes (odd.name)")));
  EXPECT_EQ(bytes_of("tool"), "x");
  EXPECT_THAT(read_file(image_), HasSubstr("capability"));
}

}  // namespace
}  // namespace rtfx::image
