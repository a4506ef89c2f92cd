// SPDX-License-Identifier: Apache-2.0
#include "results/event_log.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "results/output_file.hpp"
#include "results/timestamp.hpp"

namespace rtfx::results {
namespace {

using testing::HasSubstr;

const UnitId unit{"case", "top.t", "s390x"};

Event finished_event() {
  UnitFinished finished;
  finished.unit = unit;
  finished.result = Result::timeout;
  finished.reason = "timed out after 10 s";
  finished.elapsed = std::chrono::nanoseconds(10'000'000'123);
  finished.leaked = true;
  finished.log = "top.t.log";
  finished.benchmark = "4 MB/s";
  finished.key = "sha256:1";
  finished.reused_from = "run1";
  return {finished, parse_time("2026-11-20T08:26:47.123456789Z")};
}

Event started_event() { return {UnitStarted{unit}, {}}; }

/// The event as one of its kinds, after it was written and read.
template <typename What>
What reread(const Event& event) {
  return std::get<What>(parse_event(format_event(event)).what);
}

void append_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::app) << text;
}

TEST(Event, a_finished_unit_survives_the_log_with_everything_that_is_known_of_it) {
  const Event before = finished_event();
  EXPECT_EQ(parse_event(format_event(before)).time, before.time);
  const auto after = reread<UnitFinished>(before);
  EXPECT_EQ(after.unit, unit);
  EXPECT_EQ(after.result, Result::timeout);
  EXPECT_EQ(after.reason, "timed out after 10 s");
  EXPECT_EQ(after.elapsed.count(), 10'000'000'123);
  EXPECT_TRUE(after.leaked);
  EXPECT_FALSE(after.interrupted);
  EXPECT_EQ(after.log, "top.t.log");
  EXPECT_EQ(after.benchmark, "4 MB/s");
  EXPECT_EQ(after.key, "sha256:1");
  EXPECT_EQ(after.reused_from, "run1");
}

TEST(Event, an_interrupted_unit_stays_one) {
  UnitFinished finished;
  finished.unit = unit;
  finished.result = Result::cancel;
  finished.interrupted = true;
  EXPECT_TRUE(reread<UnitFinished>({finished, {}}).interrupted);
}

TEST(Event, an_attempt_survives_the_log) {
  EXPECT_EQ(reread<UnitStarted>({UnitStarted{unit, 3}, {}}).attempt, 3);
  EXPECT_EQ(reread<UnitStarted>({UnitStarted{unit}, {}}).attempt, 1);
  UnitRetried before{unit, 2, Result::fail, "exit 1", std::chrono::nanoseconds(7), true, "t.2.log"};
  const auto after = reread<UnitRetried>({before, {}});
  EXPECT_EQ(after.unit, unit);
  EXPECT_EQ(after.attempt, 2);
  EXPECT_EQ(after.result, Result::fail);
  EXPECT_EQ(after.reason, "exit 1");
  EXPECT_EQ(after.elapsed.count(), 7);
  EXPECT_TRUE(after.leaked);
  EXPECT_EQ(after.log, "t.2.log");
}

TEST(Event, a_run_start_survives_the_log) {
  RunStarted before;
  before.run_id = "id";
  before.labels = {"slow", "!blue"};
  before.given_labels = "slow,!blue";
  before.shard = "2/5";
  before.subjects = {{"o/i:t", "arm64", "sha256:2"}};
  before.host_name = "Debian";
  before.host_memory = 1234567890123;
  const auto after = reread<RunStarted>({before, {}});
  EXPECT_EQ(after.run_id, "id");
  EXPECT_EQ(after.labels, before.labels);
  EXPECT_EQ(after.given_labels, "slow,!blue");
  EXPECT_EQ(after.shard, "2/5");
  EXPECT_EQ(after.subjects, before.subjects);
  EXPECT_EQ(after.host_memory, 1234567890123);
  EXPECT_EQ(after.host_name, "Debian");
}

TEST(Event, a_planned_unit_survives_the_log) {
  UnitPlanned before;
  before.unit = unit;
  before.summary = "what it is";
  before.labels = {"slow"};
  before.file = "top/t/test.sh";
  const auto after = reread<UnitPlanned>({before, {}});
  EXPECT_EQ(after.unit, unit);
  EXPECT_EQ(after.summary, "what it is");
  EXPECT_EQ(after.labels, before.labels);
  EXPECT_EQ(after.file, "top/t/test.sh");
}

TEST(Event, the_end_of_a_run_survives_the_log) {
  const auto after = reread<RunFinished>({RunFinished{false, "out of time"}, {}});
  EXPECT_FALSE(after.complete);
  EXPECT_EQ(after.reason, "out of time");
}

TEST(Event, bytes_that_are_no_utf8_become_visible) {
  UnitFinished finished;
  finished.reason = std::string("\xff\0\x1b", 3);
  EXPECT_EQ(reread<UnitFinished>({finished, {}}).reason, "\\xff\\x00\\x1b");
}

TEST(Event, any_bytes_give_one_line_that_can_be_read) {
  std::mt19937 random(20261120);
  const auto bytes = [&] {
    std::string text;
    for (auto i = random() % 12; i > 0; --i)
      text += random() % 3 == 0 ? "\"\\\n\t\r/u"[random() % 7] : static_cast<char>(random() & 0xFF);
    return text;
  };
  for (int i = 0; i < 2000; ++i) {
    UnitFinished before;
    before.unit = {bytes(), bytes(), bytes()};
    before.reason = bytes();
    before.log = bytes();
    const std::string line = format_event({before, {}});
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto after = std::get<UnitFinished>(parse_event(line).what);
    EXPECT_EQ(after.unit.name, text::printable(before.unit.name));
    EXPECT_EQ(after.reason, text::printable(before.reason));
    EXPECT_EQ(after.log, text::printable(before.log));
  }
}

TEST(Event, what_is_no_event_of_this_schema_is_refused) {
  EXPECT_THROW(parse_event("{}"), Error);
  EXPECT_THROW(parse_event("[1]"), Error);
  EXPECT_THROW(parse_event("not json"), Error);
  EXPECT_THROW(
      parse_event(
          R"({"v":2,"time":"2026-11-20T08:26:47Z","event":"started","kind":"case","name":"a","arch":"b"})"),
      Error);
  EXPECT_THROW(parse_event(R"({"v":1,"time":"2026-11-20T08:26:47Z","event":"sorted"})"), Error);
  EXPECT_THROW(parse_event(R"({"v":1,"time":"yesterday","event":"run_finished","complete":true})"),
               Error);
  EXPECT_THROW(
      parse_event(
          R"({"v":1,"time":"2026-11-20T08:26:47Z","event":"finished","kind":"case","name":"a","arch":"b","result":"ok"})"),
      Error);
}

TEST(EventLog, a_torn_last_line_is_dropped_by_the_reader_and_cut_off_by_the_next_writer) {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "events.jsonl";
  { EventLog(folder.path()).append(started_event()); }
  append_text(file, R"({"v":1,"time":"2026)");
  EXPECT_EQ(read_events(file).size(), 1u);
  { EventLog(folder.path()).append(started_event()); }
  EXPECT_EQ(read_events(file).size(), 2u);
}

TEST(EventLog, a_torn_line_without_any_whole_one_is_cut_off_too) {
  const TemporaryDirectory folder;
  append_text(folder.path() / "events.jsonl", std::string(10'000, 'x'));
  { EventLog(folder.path()).append(started_event()); }
  EXPECT_EQ(read_events(folder.path() / "events.jsonl").size(), 1u);
}

TEST(EventLog, a_bad_line_in_the_middle_is_an_error_that_names_it) {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "events.jsonl";
  { EventLog(folder.path()).append(started_event()); }
  append_text(file, "garbage\n");
  { EventLog(folder.path()).append(started_event()); }
  try {
    read_events(file);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("events.jsonl:2: not an event"));
  }
}

TEST(EventLog, lines_of_several_threads_stay_whole) {
  const TemporaryDirectory folder;
  EventLog log(folder.path());
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) log.append(finished_event());
      });
    }
  }
  EXPECT_EQ(read_events(folder.path() / "events.jsonl").size(), 800u);
}

/// While it lives, no file may grow beyond `size`, as on a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t size) {
    before_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit less{size, limit_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &less);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &limit_);
    std::signal(SIGXFSZ, before_);
  }

 private:
  rlimit limit_{};
  void (*before_)(int) = nullptr;
};

TEST(EventLog, what_a_full_disk_took_of_a_line_is_taken_back) {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "events.jsonl";
  EventLog log(folder.path());
  log.append(started_event());
  const auto size = std::filesystem::file_size(file);
  {
    const FullDisk full(size + 10);
    EXPECT_THROW(log.append(started_event()), Error);
  }
  EXPECT_EQ(std::filesystem::file_size(file), size);
  log.append(started_event());
  EXPECT_EQ(read_events(file).size(), 2u);
}

TEST(OutputFile, leaves_the_old_file_and_nothing_else_when_the_disk_is_full) {
  const TemporaryDirectory folder;
  write_file_atomically(folder.path() / "report", "old");
  {
    const FullDisk full(1000);
    OutputFile file(folder.path() / "report");
    EXPECT_THROW(
        {
          file.append(std::string(2000, 'x'));
          file.commit();
        },
        Error);
  }
  EXPECT_EQ(read_file(folder.path() / "report"), "old");
  const std::filesystem::directory_iterator files(folder.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(EventLog, lines_longer_than_a_block_are_read_whole) {
  const TemporaryDirectory folder;
  const std::string long_reason(200'000, 'r');
  {
    EventLog log(folder.path());
    for (int i = 0; i < 3; ++i) {
      UnitFinished finished;
      finished.unit = unit;
      finished.reason = long_reason;
      log.append({finished, {}});
    }
  }
  const auto events = read_events(folder.path() / "events.jsonl");
  ASSERT_EQ(events.size(), 3u);
  for (const Event& event : events)
    EXPECT_EQ(std::get<UnitFinished>(event.what).reason, long_reason);
}

TEST(EventLog, a_log_that_cannot_be_written_is_an_error) {
  EXPECT_THROW(EventLog("/proc/nowhere"), Error);
}

TEST(Timestamp, is_rfc_3339_with_nanoseconds) {
  const auto time = parse_time("2025-04-09T10:00:00.5+02:00");
  EXPECT_EQ(format_time(time), "2025-04-09T08:00:00.500000000Z");
  EXPECT_EQ(format_time_seconds(time), "2025-04-09T08:00:00Z");
  EXPECT_EQ(format_time(parse_time("1969-12-31T23:59:59.75Z")), "1969-12-31T23:59:59.750000000Z");
  for (const char* bad : {"", "2025-04-09", "2025-02-30T00:00:00Z", "2025-04-09T24:00:00Z",
                          "2025-04-09T10:00:00", "2025-04-09T10:00:00Zx"}) {
    EXPECT_THROW(parse_time(bad), Error) << bad;
  }
}

}  // namespace
}  // namespace rtfx::results
