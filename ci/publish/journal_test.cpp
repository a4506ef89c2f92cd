// SPDX-License-Identifier: Apache-2.0
#include "ci/publish/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.hpp"

namespace rtfx::publish {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Digest a = Digest::of("a"), b = Digest::of("b"), c = Digest::of("c"), d = Digest::of("d");

class JournalTest : public testing::Test {
 protected:
  fs::path file() const { return scratch_.path() / "journal.jsonl"; }
  void add(const std::string& bytes) { std::ofstream(file(), std::ios::app) << bytes; }
  void move(const std::optional<Digest>& from, const std::optional<Digest>& to,
            const std::string& tag = "t") {
    Journal(scratch_.path())
        .append("moving", {{"target", "x"}, {"what", "index tags"}}, {{"r", tag, from, to}});
  }
  std::vector<JournalLine> lines() const { return read_journal(scratch_.path()); }

  TemporaryDirectory scratch_;
};

TEST_F(JournalTest, is_read_back) {
  move(std::nullopt, a);
  const auto read = lines();
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].event, "moving");
  EXPECT_EQ(read[0].fields.at("what"), "index tags");
  EXPECT_FALSE(read[0].tags.at(0).from);
  EXPECT_EQ(read[0].tags.at(0).to, a);
}

TEST_F(JournalTest, what_is_noted_is_read_back_in_its_place) {
  Journal journal(scratch_.path());
  journal.append("moving", {{"target", "x"}}, {{"r", "t", a, b}});
  journal.note("moved", {{"target", "x"}});
  journal.append("done", {{"target", "x"}});
  std::vector<std::string> events;
  for (const JournalLine& line : lines()) events.push_back(line.event);
  EXPECT_THAT(events, ElementsAre("moving", "moved", "done"));
}

TEST_F(JournalTest, a_torn_last_line_counts_as_not_written) {
  move(std::nullopt, a);
  add(R"({"event": "done", "tar)");
  EXPECT_EQ(lines().size(), 1u);
  move(a, b);
  EXPECT_EQ(lines().size(), 2u);
}

TEST_F(JournalTest, a_damaged_line_is_told_with_its_place) {
  move(std::nullopt, a);
  add("nonsense\n");
  try {
    lines();
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(file().string() + ":2: "));
  }
}

TEST_F(JournalTest, a_tag_goes_back_to_what_others_had_put_there) {
  move(a, b);
  move(b, c);  // ours, killed and done again
  auto tags = tags_of(lines(), "x");
  ASSERT_EQ(tags.size(), 1u);
  EXPECT_EQ(tags[0].before, a);
  EXPECT_THAT(tags[0].ours, ElementsAre(b, c));
  move(d, a);  // somebody else had moved it to d
  tags = tags_of(lines(), "x");
  EXPECT_EQ(tags[0].before, d);
  EXPECT_TRUE(tags_of(lines(), "another target").empty());
}

TEST_F(JournalTest, what_was_taken_back_is_forgotten) {
  move(a, b);
  Journal(scratch_.path()).append("rolled back", {{"target", "x"}});
  EXPECT_TRUE(tags_of(lines(), "x").empty());
}

TEST_F(JournalTest, tells_how_far_a_release_came) {
  EXPECT_EQ(stage_of(lines()), Stage::not_begun);
  Journal journal(scratch_.path());
  for (const auto& [event, stage] :
       {std::pair{"decided", Stage::not_begun}, std::pair{"begin", Stage::begun},
        std::pair{"moving", Stage::begun}, std::pair{"done", Stage::done},
        std::pair{"rolling back", Stage::rolling_back},
        std::pair{"rollback ended", Stage::rolling_back},
        std::pair{"rolled back", Stage::rolled_back}, std::pair{"begin", Stage::begun}}) {
    journal.append(event, {{"target", "x"}});
    EXPECT_EQ(stage_of(lines()), stage) << event;
  }
  EXPECT_EQ(target_of(lines()), "x");
}

}  // namespace
}  // namespace rtfx::publish
