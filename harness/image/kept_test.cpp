// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "harness/image/archive.hpp"
#include "harness/image/fixture.hpp"
#include "harness/image/kept_files.hpp"
#include "harness/image/listing.hpp"

namespace rtfx::image {
namespace {

using namespace fixture;
using testing::HasSubstr;

class Kept : public testing::Test {
 protected:
  void keep(const KeptFiles& files, const std::string& key, const std::string& text) {
    KeptFiles::Draft draft = files.start();
    draft.write(text);
    EXPECT_EQ(text, read_kept(files.keep(std::move(draft), Digest::of(key))));
  }
  static std::string found(const KeptFiles& files, const std::string& key) {
    const auto kept = files.find(Digest::of(key));
    return kept ? read_kept(*kept) : "(none)";
  }
  std::filesystem::path path(const std::string& key) {
    return directory.path() / "kept" / Digest::of(key).hex();
  }
  TemporaryDirectory directory;
  KeptFiles files{directory.path() / "kept", directory.path(), 1000};
};

TEST_F(Kept, FilesAreFoundUnderTheirKey) {
  EXPECT_EQ("(none)", found(files, "a"));
  keep(files, "a", "text");
  keep(files, "empty", "");
  const std::string big(1'000'000, 'b');
  keep(files, "big", big);
  EXPECT_EQ("text", found(files, "a"));
  EXPECT_EQ("", found(files, "empty"));
  EXPECT_TRUE(big == found(files, "big"));
  EXPECT_TRUE(files.has(Digest::of("a")));
  EXPECT_FALSE(files.has(Digest::of("b")));
  keep(files, "a", "text");
}

TEST_F(Kept, DamagedFilesAreDropped) {
  const std::string text(3000, 't');
  for (const std::size_t size :
       {std::size_t(0), std::size_t(63), std::size_t(64), std::size_t(3000)}) {
    keep(files, "a", text);
    std::filesystem::resize_file(path("a"), size);
    EXPECT_EQ("(none)", found(files, "a")) << size;
    EXPECT_FALSE(std::filesystem::exists(path("a")));
  }
  keep(files, "a", text);
  std::string bytes = read_file(path("a"));
  bytes[1500] = 'x';
  write_file_atomically(path("a"), bytes);
  EXPECT_EQ("(none)", found(files, "a"));
}

TEST_F(Kept, DraftsThatAreNotKeptLeaveNothing) {
  {
    KeptFiles::Draft draft = files.start();
    draft.write(std::string(600'000, 'x'));
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path() / "kept"));
}

TEST_F(Kept, WhatWasNotUsedForLongestGoesFirst) {
  for (const char* key : {"a", "b", "c"}) {
    keep(files, key, std::string(300, *key));
    std::filesystem::last_write_time(
        path(key), std::filesystem::file_time_type::clock::now() - std::chrono::hours(24));
  }
  EXPECT_NE("(none)", found(files, "a"));
  files.drop_oldest();
  EXPECT_TRUE(files.has(Digest::of("a")));
  EXPECT_FALSE(files.has(Digest::of("b")) && files.has(Digest::of("c")));
}

TEST_F(Kept, WithoutAFolderNothingIsKept) {
  const KeptFiles none({}, directory.path(), 1000);
  keep(none, "a", "text");
  EXPECT_EQ("(none)", found(none, "a"));
  write_file_atomically(directory.path() / "file", "");
  const KeptFiles impossible(directory.path() / "file" / "x", directory.path(), 1000);
  keep(impossible, "a", "text");
  EXPECT_EQ("(none)", found(impossible, "a"));
}

TEST_F(Kept, RoomOfTheSpoolIsLoadedOnceWhenItIsRead) {
  Spool spool(directory.path());
  std::atomic<int> loads{0};
  Extent room;
  room = spool.reserve(1000, [&] {
    ++loads;
    spool.write_at(room.offset, std::string(1000, 'r'));
  });
  const Extent other = spool.add("other");
  std::string text;
  spool.copy_to(other, [&](std::string_view bytes) { text += bytes; });
  EXPECT_EQ(0, loads);
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (std::uint64_t i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      char buffer[100];
      const std::size_t got = spool.read_at({room.offset + i * 100, 100}, 0, buffer, 100);
      right += std::string(buffer, got) == std::string(100, 'r');
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(8, right);
  EXPECT_EQ(1, loads);
  EXPECT_TRUE(spool.has_read());
}

TEST_F(Kept, AListingIsTheTreeWithoutItsContents) {
  Spool spool(directory.path());
  const std::string tar = make_tar({dir("d", 0700),
                                    file("d/f", "text", 04755),
                                    hard("d/g", "d/f"),
                                    link("l", "d/f"),
                                    file("empty", ""),
                                    {"c", 'c', "", 0600},
                                    {"x", 'f', "attributes", 0644, 7, {{"user.a", "b"}}}});
  Tree tree;
  tree.add_origin({});
  Members members;
  const ReadAt input = [&](std::uint64_t offset, char* buffer, std::size_t size) {
    return tar.substr(std::min<std::size_t>(offset, tar.size())).copy(buffer, size);
  };
  read_tar(input, spool, {}, [&](ArchiveMember member) {
    if (member.digest) members[member.inode.data.offset] = {0, member.number};
    if (member.hard_link) {
      tree.link(member.path, *member.hard_link);
    } else {
      tree.put(member.path, std::move(member.inode));
    }
  });
  const std::string bytes = format_listing(tree, members, spool);
  std::size_t placed = 0;
  const Tree again = parse_listing(bytes, spool, [&](const std::vector<Placement>& wanted) {
    for (const Placement& placement : wanted) {
      ++placed;
      spool.write_at(placement.extent.offset, placement.member.number == 1 ? "text" : "attributes");
    }
  });
  EXPECT_EQ(fixture::listing(tree), fixture::listing(again));
  EXPECT_EQ(again.entries().at("d/f").inode, again.entries().at("d/g").inode);
  EXPECT_EQ("b", again.find("x")->xattrs.at("user.a"));
  EXPECT_EQ(7U, again.find("x")->uid);
  EXPECT_EQ(5U, again.find("c")->device_major);
  EXPECT_EQ(0U, placed);
  EXPECT_EQ("text", contents(again, spool, "d/g"));
  EXPECT_EQ("attributes", contents(again, spool, "x"));
  EXPECT_EQ(2U, placed);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(parse_listing(bytes.substr(0, size), spool, nullptr), Error) << size;
}

TEST_F(Kept, ArchivesThatUnpackWithoutEndAreRefused) {
  // A plain tar whose one file is said to have 100 GiB, all of them zeros.
  std::string head = make_tar({file("big", "x")}).substr(0, 512);
  const std::string size("\x80\0\0\0\0\0\0\x19\0\0\0\0", 12);  // base 256
  head.replace(124, 12, size);
  head.replace(148, 8, 8, ' ');
  unsigned sum = 0;
  for (const char c : head) sum += static_cast<unsigned char>(c);
  char octal[8];
  std::snprintf(octal, sizeof octal, "%06o", sum);
  head.replace(148, 7, octal, 7);
  std::uint64_t read = 0;
  const ReadAt input = [&](std::uint64_t offset, char* buffer, std::size_t room) {
    // The buffer begins as zeros; after the first block nothing needs to be written to it.
    std::fill(buffer, buffer + (offset < (1 << 20) ? room : 0), '\0');
    if (offset == 0) head.copy(buffer, room);
    read = offset + room;
    return room;
  };
  Spool spool(directory.path());
  try {
    read_tar(input, spool, {}, [](const ArchiveMember&) {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("unpacks to more than 64 GiB"));
  }
  EXPECT_LT(read, std::uint64_t(65) << 30);
}

TEST_F(Kept, HolesTakeNoRoomOnTheDisk) {
  Spool spool(directory.path());
  const Extent hole = spool.reserve(std::uint64_t(10) << 30);
  spool.write_at(hole.offset, std::string(8 << 20, '\0'));
  spool.write_at(hole.offset + hole.size - 1, "x");
  blkcnt_t blocks = -1;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    struct stat status {};
    if (::stat(entry.path().c_str(), &status) == 0 &&
        status.st_size == static_cast<off_t>(hole.offset + hole.size))
      blocks = status.st_blocks;
  }
  EXPECT_GE(blocks, 0);
  EXPECT_LT(blocks, 1000);
}

}  // namespace
}  // namespace rtfx::image
