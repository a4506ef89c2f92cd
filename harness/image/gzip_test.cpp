// SPDX-License-Identifier: Apache-2.0
#include "harness/image/gzip.hpp"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include "harness/image/cpio.hpp"
#include "harness/image/fixture.hpp"

namespace rtfx::image {
namespace {

std::string compress(const std::vector<std::string>& pieces) {
  std::string out;
  GzipWriter gzip([&](std::string_view bytes) { out += bytes; });
  for (const std::string& piece : pieces) gzip.write(piece);
  gzip.finish();
  return out;
}

std::string decompress(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(Z_OK, ::inflateInit2(&stream, 16 + 15));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  char buffer[65536];
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    status = ::inflate(&stream, Z_NO_FLUSH);
    out.append(buffer, sizeof buffer - stream.avail_out);
  }
  EXPECT_EQ(Z_STREAM_END, status);
  EXPECT_EQ(0U, stream.avail_in) << "one member and nothing behind it";
  ::inflateEnd(&stream);
  return out;
}

std::string sample(std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) bytes += std::to_string(bytes.size() * 7919) + " ";
  bytes.resize(size);
  return bytes;
}

TEST(Gzip, OneMemberHoldsAllSizes) {
  for (const std::size_t size : {std::size_t(0), std::size_t(1), std::size_t(1) << 20,
                                 (std::size_t(1) << 20) + 1, std::size_t(5'000'000)}) {
    EXPECT_TRUE(sample(size) == decompress(compress({sample(size)}))) << size;
  }
}

TEST(Gzip, BytesDoNotDependOnHowTheyAreWritten) {
  const std::string bytes = sample(3'000'000);
  EXPECT_TRUE(compress({bytes}) ==
              compress({bytes.substr(0, 1), bytes.substr(1, 1'500'000), bytes.substr(1'500'001)}));
}

TEST(Gzip, TheHeaderHasNoTime) {
  EXPECT_EQ(std::string("\x1f\x8b\x08\0\0\0\0\0\x04\x03", 10), compress({"x"}).substr(0, 10));
}

class Cpio : public testing::Test {
 protected:
  std::string write(const Tree& tree) {
    std::string out;
    write_cpio(
        tree, spool, [](std::string_view) { return true; },
        [&](std::string_view bytes) { out += bytes; }, {});
    return out;
  }
  Inode inode(FileType type, const std::string& text = "") {
    Inode result;
    result.type = type;
    if (type == FileType::regular) {
      result.data = spool.add(text);
    } else {
      result.target = text;
    }
    return result;
  }
  TemporaryDirectory directory;
  Spool spool{directory.path()};
};

TEST_F(Cpio, IsNewcWithUniqueNumbersAndTheTrailer) {
  Tree tree;
  tree.put("d", inode(FileType::directory));
  tree.put("d/f", inode(FileType::regular, "hello"));
  tree.link("d/g", "d/f");
  tree.put("l", inode(FileType::symlink, "d/f"));
  tree.link("m", "l");
  const std::string bytes = write(tree);
  EXPECT_EQ(0U, bytes.size() % 512);
  EXPECT_EQ("07070100000001", bytes.substr(0, 14));
  std::vector<std::string> entries;  // "ino nlink size name"
  for (std::size_t at = 0; at + 110 <= bytes.size();) {
    const auto field = [&](int index) {
      return std::stoul(bytes.substr(at + 6 + 8 * static_cast<std::size_t>(index), 8), nullptr, 16);
    };
    ASSERT_EQ("070701", bytes.substr(at, 6));
    const std::string name = bytes.c_str() + at + 110;
    entries.push_back(std::to_string(field(0)) + " " + std::to_string(field(4)) + " " +
                      std::to_string(field(6)) + " " + name);
    const auto round = [](std::size_t n) { return (n + 3) / 4 * 4; };
    const std::size_t name_size = field(11), size = field(6);
    at = round(round(at + 110 + name_size) + size);
    if (name == "TRAILER!!!") break;
  }
  EXPECT_EQ((std::vector<std::string>{"1 2 0 d", "2 2 5 d/f", "2 2 0 d/g", "3 1 3 l", "4 1 3 m",
                                      "0 1 0 TRAILER!!!"}),
            entries);
}

TEST_F(Cpio, RefusesWhatTheFormatCannotHold) {
  Tree tree;
  Inode big = inode(FileType::regular);
  big.data.size = std::uint64_t(1) << 32;
  tree.put("big", big);
  EXPECT_THROW(write(tree), Error);
}

TEST_F(Cpio, ContentsThatNoImageHasAreRefusedBeforeTheyAreWritten) {
  EXPECT_THROW(spool.reserve(UINT64_MAX), Error);
  EXPECT_THROW(spool.reserve((std::uint64_t(1) << 40) + 1), Error);
  EXPECT_EQ(1U, spool.add("x").size);
}

}  // namespace
}  // namespace rtfx::image
