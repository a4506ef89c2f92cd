// SPDX-License-Identifier: Apache-2.0
#include "base/digest.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/files.hpp"

namespace rtfx {
namespace {

TEST(Digest, is_that_of_the_standard) {
  EXPECT_EQ(Digest::of("abc").str(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST(Digest, of_a_file_is_that_of_its_bytes) {
  const TemporaryDirectory scratch;
  const std::string bytes(1'000'000, 'x');
  write_file_atomically(scratch.path() / "f", bytes);
  EXPECT_EQ(Digest::of_file(scratch.path() / "f"), Digest::of(bytes));
}

TEST(Digest, refuses_what_is_not_one) {
  for (const char* text : {"", "sha256:", "sha256:ABCD", "md5:d41d8cd98f00b204e9800998ecf8427e"}) {
    EXPECT_THROW(Digest::parse(text), Error) << text;
  }
}

TEST(Digest, by_pieces_is_that_of_the_whole) {
  Hasher hasher;
  for (const char* piece : {"a", "", "bc"}) hasher.update(piece);
  EXPECT_EQ(hasher.finish(), Digest::of("abc"));
  EXPECT_EQ(Digest::parse(Digest::of("abc").str()), Digest::of("abc"));
  EXPECT_THROW(Digest::of_file("/no/such/file"), Error);
}

}  // namespace
}  // namespace rtfx
