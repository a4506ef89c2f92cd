// SPDX-License-Identifier: Apache-2.0
#include "harness/image/tree.hpp"

#include <gmock/gmock.h>
#include <sys/sysmacros.h>

#include "harness/image/fixture.hpp"

namespace rtfx::image {
namespace {

using fixture::listing;
using testing::HasSubstr;

Inode inode(FileType type, unsigned mode = 0755, const std::string& target = "") {
  Inode result;
  result.type = type;
  result.mode = mode;
  result.target = target;
  return result;
}
Inode file() { return inode(FileType::regular, 0644); }
Inode dir(unsigned mode = 0755) { return inode(FileType::directory, mode); }
Inode link(const std::string& target) { return inode(FileType::symlink, 0777, target); }

Tree tree_of(const std::vector<std::pair<std::string, Inode>>& entries) {
  Tree tree;
  tree.add_origin({});
  for (const auto& [path, entry] : entries) tree.put(path, entry);
  return tree;
}

TEST(Tree, ListsADirectoryWithAllThatIsInItBeforeItsSiblings) {
  EXPECT_EQ(
      "d755 a\nf644 a/b\nd755 a/c\nf644 a/c/d\nf644 a-b\nf644 a.b\n",
      listing(tree_of({{"a.b", file()}, {"a-b", file()}, {"a/b", file()}, {"a/c/d", file()}})));
}

TEST(Tree, MergesTwoRoots) {
  Tree root = tree_of({{"etc", dir()}, {"etc/a", file()}, {"bin/x", file()}});
  root.merge(
      tree_of({{"etc", dir(0700)}, {"etc/b", file()}, {"bin/x", inode(FileType::regular, 0755)}}),
      "", 0);
  EXPECT_EQ("d755 bin\nf755 bin/x\nd700 etc\nf644 etc/a\nf644 etc/b\n", listing(root));
}

TEST(Tree, MergedDirectoriesDoNotReplaceLinksToDirectories) {
  Tree root =
      tree_of({{"usr/bin/a", file()}, {"bin", link("usr/bin")}, {"sbin", link("/usr/bin")}});
  root.merge(tree_of({{"bin", dir()}, {"bin/b", file()}, {"sbin/c", file()}}), "", 0);
  EXPECT_EQ(
      "l bin -> usr/bin\nl sbin -> /usr/bin\nd755 usr\nd755 usr/bin\nf644 usr/bin/a\nf644 "
      "usr/bin/b\nf644 usr/bin/c\n",
      listing(root));
}

TEST(Tree, ALinkThatMeetsADirectoryTakesItsContentsAlong) {
  Tree root = tree_of({{"lib/modules/1/x.ko", file()}, {"lib/b", file()}});
  root.merge(tree_of({{"lib", link("usr/lib")}, {"usr/lib/libc.so", file()}}), "", 0);
  EXPECT_EQ(
      "l lib -> usr/lib\nd755 usr\nd755 usr/lib\nf644 usr/lib/b\nf644 usr/lib/libc.so\nd755 "
      "usr/lib/modules\nd755 usr/lib/modules/1\nf644 usr/lib/modules/1/x.ko\n",
      listing(root));
}

TEST(Tree, RefusesToLoseTheContentsOfADirectory) {
  const auto failure = [](Tree root, const Tree& other) -> std::string {
    try {
      root.merge(other, "", 0);
    } catch (const Error& error) {
      return error.what();
    }
    return listing(root);
  };
  EXPECT_THAT(failure(tree_of({{"a/b", file()}}), tree_of({{"a", file()}})),
              HasSubstr("\"/a\" is a directory with files in it"));
  EXPECT_THAT(failure(tree_of({{"lib/x", file()}, {"usr/lib/x", file()}}),
                      tree_of({{"lib", link("usr/lib")}})),
              HasSubstr("both directories have a \"/x\""));
  EXPECT_THAT(failure(tree_of({{"a/b", file()}}), tree_of({{"a", link("a/c")}})),
              HasSubstr("\"/a\" is a directory with files in it"));
  EXPECT_EQ("f644 a\n", failure(tree_of({{"a", dir()}}), tree_of({{"a", file()}})));
}

TEST(Tree, MergesBelowAPrefixAndKeepsHardLinks) {
  Tree image = tree_of({{"a", file()}});
  image.link("b", "a");
  Tree root = tree_of({});
  const auto origin = root.add_origin({"onboot[0]", "x"});
  root.merge(image, "containers/onboot/000-x/lower", origin);
  EXPECT_EQ(root.entries().at("containers/onboot/000-x/lower/a").inode,
            root.entries().at("containers/onboot/000-x/lower/b").inode);
  EXPECT_EQ("onboot[0]", root.origins()[root.find("containers")->origin].location);
}

TEST(Paths, AreNormalisedOrRefused) {
  EXPECT_EQ("a/b", normalise_path("/./a//b/"));
  EXPECT_EQ("", normalise_path("./"));
  EXPECT_EQ("..a/b..", normalise_path("..a/b.."));
  EXPECT_THROW(normalise_path(".."), Error);
  EXPECT_THROW(normalise_path("a/.."), Error);
  EXPECT_THROW(normalise_path(std::string("a\0b", 3)), Error);
  EXPECT_THROW(normalise_path(std::string(5000, 'a')), Error);
}

}  // namespace
}  // namespace rtfx::image
