// SPDX-License-Identifier: Apache-2.0
#include "harness/image/layers.hpp"

#include <gmock/gmock.h>
#include <sys/sysmacros.h>

#include "harness/image/archive.hpp"
#include "harness/image/fixture.hpp"

namespace rtfx::image {
namespace {

using namespace fixture;
using testing::HasSubstr;

class Layers : public testing::Test {
 protected:
  Tree flatten(const std::vector<std::vector<Member>>& layers, Packing packing = Packing::plain) {
    std::vector<std::string> tars;
    for (const auto& members : layers) tars.push_back(make_tar(members, packing));
    return image::flatten(store, add_image(store, "", tars, {}, packing), spool, {});
  }
  std::string failure(const std::vector<std::vector<Member>>& layers) {
    try {
      flatten(layers);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  TemporaryDirectory directory;
  oci::Store store{directory.path() / "store"};
  Spool spool{directory.path()};
};

TEST_F(Layers, UpperLayersReplaceLowerOnes) {
  const Tree tree = flatten(
      {{dir("etc"), file("etc/a", "old", 0600), file("etc/b", "b")}, {file("etc/a", "new", 0755)}});
  EXPECT_EQ("d755 etc\nf755 etc/a\nf644 etc/b\n", listing(tree));
  EXPECT_EQ("new", contents(tree, spool, "etc/a"));
  EXPECT_EQ("b", contents(tree, spool, "etc/b"));
}

TEST_F(Layers, ArePlainGzipOrZstd) {
  for (const Packing packing : {Packing::plain, Packing::gzip, Packing::zstd}) {
    const Tree tree = flatten({{file("a", std::string(300'000, 'x'))}}, packing);
    EXPECT_EQ(std::string(300'000, 'x'), contents(tree, spool, "a"));
  }
}

TEST_F(Layers, MayBeEmpty) { EXPECT_EQ("", listing(flatten({{}, {}}))); }

TEST_F(Layers, OfAnUnknownTypeAreRefused) {
  using nlohmann::json;
  const auto config = store.put(R"({"architecture":"amd64","os":"linux"})",
                                "application/vnd.oci.image.config.v1+json");
  const auto layer = store.put("x", "application/x-secret");
  const json manifest = {
      {"schemaVersion", 2},
      {"config",
       {{"mediaType", config.media_type}, {"digest", config.digest.str()}, {"size", config.size}}},
      {"layers",
       {{{"mediaType", layer.media_type}, {"digest", layer.digest.str()}, {"size", layer.size}}}}};
  try {
    image::flatten(store, store.put(manifest.dump(), oci::media_type_manifest), spool, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("application/x-secret"));
  }
}

TEST_F(Layers, ThatAreDamagedAreErrors) {
  std::string tar = make_tar({file("a", std::string(5000, 'x')), file("b", "y")});
  tar.resize(3000);
  const auto manifest = add_image(store, "", {tar});
  EXPECT_THROW(image::flatten(store, manifest, spool, {}), Error);
  const auto changed = add_image(store, "", {make_tar({file("c", "z")})});
  const auto layer = oci::parse_manifest(store.read(changed)).layers.at(0);
  write_file_atomically(store.directory() / "blobs/sha256" / layer.digest.hex(),
                        make_tar({file("c", "Z")}));
  try {
    image::flatten(store, changed, spool, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("corrupt"));
  }
}

TEST_F(Layers, WhiteoutsHideWhatIsBelowThem) {
  const Tree tree = flatten(
      {{dir("a"), file("a/x", "1"), file("a/y", "2"), dir("b"), file("b/z", "3"), file("c", "4")},
       {file("a/.wh.x", ""), file(".wh.b", ""), file(".wh.missing", "")}});
  EXPECT_EQ("d755 a\nf644 a/y\nf644 c\n", listing(tree));
}

TEST_F(Layers, WhiteoutsDoNotHideTheirOwnLayer) {
  for (const bool before : {true, false}) {
    std::vector<Member> upper = {dir("a"), file("a/new", "n")};
    upper.insert(before ? upper.begin() : upper.end(), file(".wh.a", ""));
    EXPECT_EQ(
        "d755 a\nf644 a/new\n",
        listing(flatten(
            {{dir("a"), file("a/old", "o"), dir("a/olddir"), file("a/olddir/f", "")}, upper})));
  }
}

TEST_F(Layers, OpaqueWhiteoutsEmptyADirectoryButForTheirOwnLayer) {
  for (const bool before : {true, false}) {
    std::vector<Member> upper = {dir("a"), file("a/new", "n"), dir("a/sub"),
                                 file("a/sub/new", "n")};
    upper.insert(before ? upper.begin() + 1 : upper.end(), file("a/.wh..wh..opq", ""));
    const Tree tree =
        flatten({{dir("a"), file("a/old", "o"), dir("a/sub"), file("a/sub/old", ""), file("b", "")},
                 upper});
    EXPECT_EQ("d755 a\nf644 a/new\nd755 a/sub\nf644 a/sub/new\nf644 b\n", listing(tree));
  }
}

TEST_F(Layers, OpaqueWhiteoutOfTheRootHidesAllBelow) {
  EXPECT_EQ("f644 b\n", listing(flatten({{file("a", ""), dir("c"), file("c/d", "")},
                                         {file(".wh..wh..opq", ""), file("b", "")}})));
}

TEST_F(Layers, WhiteoutsNeverLeaveTheImage) {
  EXPECT_EQ("d755 a\nf644 b\n", listing(flatten({{dir("a"), file("b", "")},
                                                 {file("a/.wh...", ""), file("a/.wh..", ""),
                                                  file("a/.wh.", ""), file(".wh..wh.plnk", "")}})));
}

TEST_F(Layers, DirectoriesAndFilesReplaceEachOther) {
  EXPECT_EQ("f644 a\nd755 b\nf644 b/x\n",
            listing(flatten({{dir("a"), file("a/x", ""), file("b", "")},
                             {file("a", ""), dir("b"), file("b/x", "")}})));
  EXPECT_EQ("d700 a\nf644 a/x\n", listing(flatten({{dir("a"), file("a/x", "")}, {dir("a", 0700)}})))
      << "attributes of a directory change, its contents stay";
}

TEST_F(Layers, MissingParentsAreMade) {
  EXPECT_EQ("d755 a\nd755 a/b\nf644 a/b/c\n", listing(flatten({{file("./a//b/c", "")}})));
}

TEST_F(Layers, SymbolicLinksInAPathAreFollowedInsideTheImage) {
  const Tree tree = flatten({{dir("usr"), dir("usr/bin"), link("bin", "usr/bin"),
                              link("abs", "/usr"), link("up", "../../../usr")},
                             {file("bin/a", "1"), file("abs/b", "2"), file("up/bin/c", "3")}});
  EXPECT_EQ(
      "l abs -> /usr\nl bin -> usr/bin\nl up -> ../../../usr\nd755 usr\nf644 usr/b\nd755 "
      "usr/bin\nf644 usr/bin/a\nf644 usr/bin/c\n",
      listing(tree));
}

TEST_F(Layers, HardLinksShareOneFile) {
  const Tree tree = flatten({{file("a", "text", 0755), hard("b", "a")}, {hard("c", "./a")}});
  EXPECT_EQ(tree.entries().at("a").inode, tree.entries().at("b").inode);
  EXPECT_EQ(tree.entries().at("a").inode, tree.entries().at("c").inode);
  const Tree changed = flatten({{file("a", "text"), hard("b", "a")}, {file("a", "new")}});
  EXPECT_EQ("new", contents(changed, spool, "a"));
  EXPECT_EQ("text", contents(changed, spool, "b"));
}

TEST_F(Layers, HardLinksToNothingAreErrors) {
  EXPECT_THAT(failure({{hard("b", "a")}}),
              HasSubstr("the hard link \"/b\" points to \"/a\", which is not there"));
  EXPECT_THAT(failure({{dir("a"), hard("b", "a")}}), HasSubstr("points to the directory"));
}

TEST_F(Layers, PathsThatLeaveTheImageAreRefused) {
  EXPECT_THAT(failure({{file("../evil", "")}}), HasSubstr("\"../evil\" has \"..\""));
  EXPECT_THAT(failure({{file("a/../../evil", "")}}), HasSubstr(".."));
  EXPECT_THAT(failure({{file("a", ""), hard("b", "../../etc/passwd")}}), HasSubstr(".."));
  EXPECT_EQ("d755 etc\nf644 etc/passwd\n", listing(flatten({{file("/etc/passwd", "mine")}})))
      << "absolute is relative to the image";
}

TEST_F(Layers, LinksThatTurnInCirclesAreRefused) {
  EXPECT_THAT(failure({{link("a", "b"), link("b", "a"), file("a/x", "")}}),
              HasSubstr("too many symbolic links"));
  EXPECT_THAT(failure({{file("a", ""), file("a/x", "")}}), HasSubstr("which is not a directory"));
}

TEST_F(Layers, KeepWhatTarCanSay) {
  const std::string long_name = std::string(150, 'n') + "/" + std::string(90, 'm');
  const Tree tree = flatten({{{"console", 'c', "", 0600},
                              {"pipe", 'p', "", 0640},
                              file(long_name, "deep"),
                              link("l", std::string(300, 't')),
                              {"ping",
                               'f',
                               "x",
                               04755,
                               123456789,
                               {{"security.capability", std::string("\1\0\2", 3)}}}}});
  EXPECT_EQ(5U, tree.find("console")->device_major);
  EXPECT_EQ(1U, tree.find("console")->device_minor);
  EXPECT_EQ(FileType::fifo, tree.find("pipe")->type);
  EXPECT_EQ("deep", contents(tree, spool, long_name));
  EXPECT_EQ(std::string(300, 't'), tree.find("l")->target);
  EXPECT_EQ(04755U, tree.find("ping")->mode);
  EXPECT_EQ(123456789U, tree.find("ping")->uid);
  EXPECT_EQ(1600000000, tree.find("ping")->mtime);
  EXPECT_EQ(std::string("\1\0\2", 3), tree.find("ping")->xattrs.at("security.capability"));
}

TEST_F(Layers, NamesAreBytes) {
  // Composed and decomposed forms of one letter are two files; Latin-1 is fine as well.
  const std::string composed = "\xc3\xa9", decomposed = "e\xcc\x81", latin = "caf\xe9",
                    far = std::string(120, 'd') + decomposed;
  const Tree tree = flatten({{file(composed, "1"), file(decomposed, "2"), file(latin, "3"),
                              file(far, "4"), link("l", decomposed), hard("h", far)}});
  EXPECT_EQ("1", contents(tree, spool, composed));
  EXPECT_EQ("2", contents(tree, spool, decomposed));
  EXPECT_EQ("3", contents(tree, spool, latin));
  EXPECT_EQ("4", contents(tree, spool, far));
  EXPECT_EQ("4", contents(tree, spool, "h"));
  EXPECT_EQ(decomposed, tree.find("l")->target);
}

TEST_F(Layers, WhatIsDamagedAtRandomIsReadOrRefusedButStaysInTheImage) {
  const std::vector<Member> members = {dir("a"),
                                       file("a/b", std::string(700, 'b'), 04755),
                                       link("l", "../a"),
                                       hard("h", "a/b"),
                                       file("a/.wh.x", ""),
                                       file("l/.wh..wh..opq", ""),
                                       {"c", 'c', "", 0600},
                                       file(std::string(150, 'n'), "n"),
                                       {"x", 'f', "x", 0644, 1, {{"user.x", "y"}}}};
  std::uint32_t state = 4711;
  const auto random = [&](std::size_t below) {
    state = state * 1664525 + 1013904223;
    return static_cast<std::size_t>(state >> 8) % below;
  };
  int refused = 0;
  for (const Packing packing : {Packing::plain, Packing::gzip, Packing::zstd}) {
    const std::string good = make_tar(members, packing);
    for (int round = 0; round < 700; ++round) {
      std::string bad = good;
      for (std::size_t i = 0; i <= random(4); ++i) {
        bad[random(bad.size())] = "/.0\xff\0w7h"[random(8)];
      }
      if (random(8) == 0) bad.resize(random(bad.size()));
      const auto read_at = [&](std::uint64_t offset, char* buffer, std::size_t size) {
        return bad.substr(std::min<std::size_t>(offset, bad.size())).copy(buffer, size);
      };
      try {
        read_tar(read_at, spool, {}, [](const ArchiveMember& member) {
          EXPECT_EQ(member.path, normalise_path(member.path));
        });
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 700);
}

}  // namespace
}  // namespace rtfx::image
