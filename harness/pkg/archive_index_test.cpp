// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/archive_index.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace rtfx::pkg {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> read(std::string_view index) {
  std::vector<std::string> found;
  read_index(index, [&](const IndexEntry& entry) {
    found.push_back(std::string(entry.name) + "|" + std::string(entry.version) + "|" +
                    std::string(entry.architecture) + "|" + std::string(entry.file) + "|" +
                    std::string(entry.sha256) + "|" + std::to_string(entry.stanza.size()));
  });
  return found;
}

TEST(ArchiveIndex, entries_are_read_in_their_order) {
  EXPECT_THAT(
      read("Package: jq\nVersion: 1.7.1-6\nArchitecture: arm64\n"
           "Filename: pool/main/j/jq/jq_1.7.1-6_arm64.deb\nSHA256: 0a\n"
           "\n"
           "Package: a\nVersion: 2:1\n"),
      ElementsAre("jq|1.7.1-6|arm64|pool/main/j/jq/jq_1.7.1-6_arm64.deb|0a|106", "a|2:1||||24"));
}

TEST(ArchiveIndex, an_entry_is_found_as_it_stands) {
  const std::string stanza = "Package: x\nDescription: one\n two: three\nVersion: 1\n";
  std::string seen;
  read_index("\n\n" + stanza + "\n\n\n",
             [&](const IndexEntry& entry) { seen += std::string(entry.stanza); });
  EXPECT_EQ(seen, stanza);
}

TEST(ArchiveIndex, lines_that_go_on_are_no_fields) {
  EXPECT_THAT(read("Package: x\nDescription: y\n Version: 9\n\tFilename: z\nVersion: 1\n"),
              ElementsAre("x|1||||62"));
}

TEST(ArchiveIndex, odd_text_gives_nothing) {
  EXPECT_THAT(read(""), IsEmpty());
  EXPECT_THAT(read("\n"), IsEmpty());
  EXPECT_THAT(read("no colon\nVersion: 1\n"), IsEmpty());
  EXPECT_THAT(read("Package:\n"), IsEmpty());
  EXPECT_THAT(read("Package: last"), ElementsAre("last|||||13"));
}

}  // namespace
}  // namespace rtfx::pkg
