// SPDX-License-Identifier: Apache-2.0
#include "harness/image/pieces.hpp"

#include <gmock/gmock.h>
#include <sys/sysmacros.h>
#include <zstd.h>

#include <map>
#include <set>

#include "harness/image/compressor.hpp"
#include "harness/image/fixture.hpp"

namespace rtfx::image {
namespace {

bool everything(std::string_view) { return true; }

struct Entry {
  unsigned long number, links;
  std::string name, contents;
};

/// Reads a cpio archive; each entry must begin where the one before it ends.
std::vector<Entry> read_cpio(const std::string& bytes) {
  std::vector<Entry> entries;
  const auto round = [](std::size_t n) { return (n + 3) / 4 * 4; };
  for (std::size_t at = 0; at + 110 <= bytes.size();) {
    const auto field = [&](int index) {
      return std::stoul(bytes.substr(at + 6 + 8 * static_cast<std::size_t>(index), 8), nullptr, 16);
    };
    EXPECT_EQ("070701", bytes.substr(at, 6));
    const std::size_t name_size = field(11), size = field(6);
    const std::size_t contents = round(at + 110 + name_size);
    entries.push_back({field(0), field(4), bytes.c_str() + at + 110, bytes.substr(contents, size)});
    at = round(contents + size);
    if (entries.back().name == "TRAILER!!!") break;
  }
  return entries;
}

std::string sample(std::size_t size, std::uint32_t state = 1) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 27);
  return bytes;
}

class Pieces : public testing::Test {
 protected:
  Inode inode(FileType type, const std::string& text = "", std::uint32_t origin = 0) {
    Inode result;
    result.type = type;
    result.origin = origin;
    if (type == FileType::regular) {
      result.data = spool.add(text);
    } else {
      result.target = text;
    }
    return result;
  }
  InitrdPlan plan(const Tree& tree, Compression compression = Compression::gzip) {
    return plan_initrd(tree, spool, compression, everything);
  }
  std::string archive(const Tree& tree, Compression compression = Compression::gzip) {
    const InitrdPlan made = plan(tree, compression);
    std::string bytes;
    for (const Piece& piece : made.pieces) {
      const std::size_t before = bytes.size();
      write_piece(made, piece, spool, [&](std::string_view more) { bytes += more; }, {});
      EXPECT_EQ(piece.size, bytes.size() - before);
    }
    EXPECT_EQ(made.size, bytes.size());
    return bytes + cpio_trailer(made.size);
  }
  /// `count` files of about `size` bytes in directories, from two places.
  Tree many(std::size_t count, std::size_t size) {
    Tree tree;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string directory = "d" + std::to_string(i % 7);
      tree.put(directory + "/" + std::to_string(i),
               inode(FileType::regular, sample(size, static_cast<std::uint32_t>(i)), i % 7 < 3));
    }
    return tree;
  }
  TemporaryDirectory directory;
  Spool spool{directory.path()};
};

TEST_F(Pieces, AreTogetherOneArchiveWithParentsFirst) {
  Tree tree;
  tree.add_origin({});
  tree.add_origin({"files[0]", "linuxkit.files"});
  tree.put("d", inode(FileType::directory));
  tree.put("d/f", inode(FileType::regular, "hello"));
  tree.put("d/of-files", inode(FileType::regular, "x", 1));
  tree.put("d/z", inode(FileType::regular, "hello"));
  tree.link("d/zz", "d/f");
  tree.put("l", inode(FileType::symlink, "d/f"));
  tree.link("m", "l");
  const std::string bytes = archive(tree);
  EXPECT_EQ(0U, bytes.size() % 512);
  std::string lines;
  std::set<unsigned long> numbers;
  for (const Entry& entry : read_cpio(bytes)) {
    lines += entry.name + " " + std::to_string(entry.links) + " " + entry.contents + "\n";
    numbers.insert(entry.number);
  }
  EXPECT_EQ(
      "d 2 \nl 1 d/f\nm 1 d/f\nd/f 2 hello\nd/zz 2 \nd/z 1 hello\nd/of-files 1 x\nTRAILER!!! 1 \n",
      lines);
  EXPECT_EQ(7U, numbers.size()) << "two names share a number";
}

TEST_F(Pieces, HaveNumbersThatAreUniqueInTheWholeArchive) {
  Tree tree = many(900, 20000);
  for (int i = 0; i < 100; ++i) tree.link("links/" + std::to_string(i), "d3/3");
  EXPECT_GT(plan(tree).runs.size(), 5U);
  std::map<unsigned long, std::string> names;
  for (const Entry& entry : read_cpio(archive(tree))) {
    if (!names.emplace(entry.number, entry.name).second) {
      EXPECT_TRUE(entry.name == "d3/3" || entry.name.starts_with("links/")) << entry.name;
      EXPECT_EQ(101U, entry.links);
    }
  }
  EXPECT_FALSE(names.contains(0) && names.at(0) != "TRAILER!!!");
}

TEST_F(Pieces, AreFewBytesEachHoweverBigAFileIs) {
  Tree tree;
  const std::string big = sample(13 << 20);
  tree.put("a", inode(FileType::regular, "small"));
  tree.put("big", inode(FileType::regular, big));
  tree.put("c", inode(FileType::regular, "small"));
  for (const Piece& piece : plan(tree).pieces) EXPECT_LE(piece.size, 4U << 20);
  for (const Compression compression : {Compression::gzip, Compression::zstd}) {
    const std::vector<Entry> entries = read_cpio(archive(tree, compression));
    ASSERT_EQ(4U, entries.size());
    EXPECT_TRUE(entries[1].contents == big);
  }
  EXPECT_EQ(3U, plan(tree, Compression::zstd).pieces.size()) << "the kernel wants whole files";
}

TEST_F(Pieces, StayWhatTheyAreWhenSomethingElseChanges) {
  Tree tree = many(2000, 10000);
  const auto keys = [&] {
    std::set<Digest> all;
    for (const Piece& piece : plan(tree).pieces) all.insert(piece.key);
    return all;
  };
  const std::set<Digest> before = keys();
  EXPECT_GT(before.size(), 10U);
  EXPECT_EQ(before, keys());
  tree.put("d2/new", inode(FileType::regular, sample(30000), 1));
  tree.put("d4/4", inode(FileType::regular, "changed"));
  std::size_t lost = before.size();
  for (const Digest& key : keys()) lost -= before.contains(key);
  EXPECT_GE(lost, 2U);
  EXPECT_LE(lost, 5U);
}

TEST_F(Pieces, DependOnEverythingThatIsInThem) {
  const auto key = [&](const std::function<void(Inode&)>& change, Compression compression) {
    Inode file = inode(FileType::regular, "text");
    change(file);
    Tree tree;
    tree.put("f", file);
    return plan(tree, compression).pieces.at(0).key;
  };
  std::set<Digest> keys;
  keys.insert(key([](Inode&) {}, Compression::gzip));
  keys.insert(key([](Inode&) {}, Compression::zstd));
  keys.insert(key([](Inode&) {}, Compression::none));
  keys.insert(key([](Inode& file) { file.mode = 0600; }, Compression::gzip));
  keys.insert(key([](Inode& file) { file.uid = 1; }, Compression::gzip));
  keys.insert(key([](Inode& file) { file.gid = 1; }, Compression::gzip));
  keys.insert(key([](Inode& file) { file.mtime = 1; }, Compression::gzip));
  keys.insert(key([&](Inode& file) { file.data = spool.add("tExt"); }, Compression::gzip));
  EXPECT_EQ(8U, keys.size());
}

TEST_F(Pieces, RefuseWhatTheFormatCannotHold) {
  Tree tree;
  Inode big = inode(FileType::regular);
  big.data.size = std::uint64_t(1) << 32;
  tree.put("big", big);
  EXPECT_THROW(plan(tree), Error);
}

TEST_F(Pieces, ContentsThatNoImageHasAreRefusedBeforeTheyAreWritten) {
  EXPECT_THROW(spool.reserve(UINT64_MAX), Error);
  EXPECT_THROW(spool.reserve((std::uint64_t(1) << 40) + 1), Error);
  EXPECT_EQ(1U, spool.add("x").size);
}

/// What was compressed in two parts and an end.
std::string compressed(Compression compression, const std::vector<std::string>& parts) {
  CompressedStream stream(compression);
  std::string bytes = stream.begin();
  for (const std::string& part : parts) {
    const auto compressor =
        make_compressor(compression, part.size(), [&](std::string_view more) { bytes += more; });
    compressor->write(part.substr(0, part.size() / 3));
    compressor->write(part.substr(part.size() / 3));
    compressor->finish();
    stream.add(compressor->crc(), part.size());
  }
  return bytes + stream.end("end");
}

TEST(CompressedStream, GzipIsOneMember) {
  for (const std::size_t size : {std::size_t(0), std::size_t(1), std::size_t(1) << 20,
                                 (std::size_t(1) << 20) + 1, std::size_t(5'000'000)}) {
    const std::string bytes = compressed(Compression::gzip, {sample(size), sample(77)});
    EXPECT_EQ(std::string("\x1f\x8b\x08\0\0\0\0\0\x04\x03", 10), bytes.substr(0, 10));
    z_stream stream{};
    ASSERT_EQ(Z_OK, ::inflateInit2(&stream, 16 + 15));
    std::string out(size + 77 + 3 + 10, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(Z_STREAM_END, ::inflate(&stream, Z_FINISH));
    EXPECT_EQ(0U, stream.avail_in) << "one member and nothing behind it";
    out.resize(stream.total_out);
    ::inflateEnd(&stream);
    EXPECT_TRUE(sample(size) + sample(77) + "end" == out);
  }
}

TEST(CompressedStream, ZstdIsAFrameAPiece) {
  const std::string bytes = compressed(Compression::zstd, {sample(3'000'000), "b"});
  std::string out(3'000'010, '\0');
  const std::size_t size = ::ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size());
  ASSERT_FALSE(::ZSTD_isError(size));
  out.resize(size);
  EXPECT_TRUE(sample(3'000'000) + "bend" == out);
  const std::size_t first = ::ZSTD_findFrameCompressedSize(bytes.data(), bytes.size());
  ASSERT_LT(first, bytes.size());
  EXPECT_EQ(1U, ::ZSTD_getFrameContentSize(bytes.data() + first, bytes.size() - first));
}

}  // namespace
}  // namespace rtfx::image
