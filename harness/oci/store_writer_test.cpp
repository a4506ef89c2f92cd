// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/store_writer.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.hpp"
#include "harness/oci/fixture.hpp"

namespace rtfx::oci {
namespace {

using fixture::message_of;
using testing::HasSubstr;

constexpr const char* type = "application/vnd.oci.image.layer.v1.tar";

class StoreWriterTest : public testing::Test {
 protected:
  std::size_t files() const {
    const auto blobs = fs::directory_iterator(store.directory() / "blobs" / "sha256");
    return static_cast<std::size_t>(std::distance(begin(blobs), end(blobs)));
  }
  TemporaryDirectory directory{"store-writer-test"};
  Store store{directory.path() / "store"};
};

/// Bytes of which no two MiB are the same.
std::string bytes_of(std::size_t size) {
  std::string bytes(size, '\0');
  unsigned state = 1;
  for (char& c : bytes) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

TEST_F(StoreWriterTest, blobs_of_all_sizes_and_pieces_are_what_was_written) {
  for (const std::size_t size : {0UL, 1UL, (1UL << 20) - 1, 1UL << 20, (1UL << 20) + 1,
                                 (4UL << 20) + 7, (9UL << 20) + 12345}) {
    const std::string bytes = bytes_of(size);
    for (const std::size_t piece : {65537UL, 3UL << 20}) {
      BlobWriter writer(store);
      for (std::size_t i = 0; i < size; i += piece)
        writer.write(std::string_view(bytes).substr(i, piece));
      const Descriptor blob = writer.finish(type);
      EXPECT_EQ(blob.digest, Digest::of(bytes)) << size;
      EXPECT_EQ(blob.size, size);
      EXPECT_EQ(store.read(blob), bytes);
    }
  }
}

TEST_F(StoreWriterTest, nothing_is_left_of_a_blob_that_is_not_finished) {
  {
    BlobWriter writer(store);
    writer.write(bytes_of(5 << 20));
  }
  EXPECT_EQ(files(), 0U);
}

TEST_F(StoreWriterTest, what_is_not_expected_is_refused) {
  const std::string bytes = bytes_of(100);
  const auto write = [&](const Expected& expected) {
    return message_of([&] {
      BlobWriter writer(store, expected);
      writer.write(bytes);
      writer.finish(type);
    });
  };
  const Digest other = Digest::of("other");
  EXPECT_EQ(write({other, 100}), "blob " + other.str() + " is corrupt: what came has the digest " +
                                     Digest::of(bytes).str());
  EXPECT_THAT(write({Digest::of(bytes), 99}), HasSubstr("more came than its 99 bytes"));
  EXPECT_THAT(write({Digest::of(bytes), 101}), HasSubstr("has 100 bytes instead of 101"));
  EXPECT_EQ(files(), 0U);
  EXPECT_EQ(write({Digest::of(bytes), 100}), "no error");
}

TEST_F(StoreWriterTest, a_damaged_blob_is_replaced) {
  const Descriptor blob = store.put("hello", type);
  write_file_atomically(store.directory() / "blobs/sha256" / blob.digest.hex(), "jello");
  BlobWriter writer(store, {blob.digest, blob.size});
  writer.write("hello");
  writer.finish(type);
  EXPECT_EQ(store.read(blob), "hello");
}

/// Runs the body in a process whose files cannot grow beyond `limit`; the text that it returns.
template <typename Body>
std::string with_file_limit(rlim_t limit, Body&& body) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const struct rlimit value { limit, limit };
    ::setrlimit(RLIMIT_FSIZE, &value);
    const std::string text = body();
    const ssize_t written = ::write(ends[1], text.data(), text.size());
    ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return text;
}

TEST_F(StoreWriterTest, a_write_that_fails_is_told_and_leaves_nothing) {
  const std::string bytes = bytes_of(3 << 20);
  EXPECT_THAT(with_file_limit(1 << 20,
                              [&] {
                                return message_of([&] {
                                  BlobWriter writer(store);
                                  writer.write(bytes);
                                  writer.finish(type);
                                });
                              }),
              HasSubstr("File too large; the file size is limited (ulimit -f)"));
  EXPECT_THAT(with_file_limit(1 << 20, [&] { return message_of([&] { store.put(bytes, type); }); }),
              HasSubstr("File too large"));
  EXPECT_EQ(files(), 0U);
}

TEST_F(StoreWriterTest, an_index_json_that_cannot_be_written_stays_as_it_was) {
  const Descriptor image = fixture::put_image(store, "amd64", {fixture::tar_of({{"a", "1"}})});
  store.tag("one", image);
  const std::string before = read_file(store.directory() / "index.json");
  EXPECT_THAT(
      with_file_limit(before.size(), [&] { return message_of([&] { store.tag("two", image); }); }),
      HasSubstr("index.json: File too large"));
  EXPECT_EQ(read_file(store.directory() / "index.json"), before);
  store.tag("two", image);
  EXPECT_EQ(store.names().size(), 2U);
}

}  // namespace
}  // namespace rtfx::oci
