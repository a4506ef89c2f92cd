// SPDX-License-Identifier: Apache-2.0
#include "runner/script.hpp"

#include <gmock/gmock.h>

#include "base/files.hpp"

namespace rtfx::runner {
namespace {

TEST(UnitLog, remembers_benchmarks_and_last_words_of_lines_that_come_in_pieces) {
  const TemporaryDirectory folder;
  UnitLog log(folder.path() / "log");
  using process::Stream;
  for (const char* piece : {"RT_BENCH", "MARK_RESULT: 12 ", "MB/s\nmore\n"})
    log.write(Stream::out, piece);
  log.write(Stream::err, "RT_BENCHMARK_RESULT: not here\nlast ");
  log.write(Stream::err, "words\n\n");
  log.write(Stream::out, "RT_BENCHMARK_RESULT: 13 MB/s");
  EXPECT_EQ(log.benchmark(), "13 MB/s");
  EXPECT_EQ(log.last_words(), "last words");
}

TEST(UnitLog, long_lines_are_cut_in_memory_only) {
  const TemporaryDirectory folder;
  UnitLog log(folder.path() / "log");
  const std::string block(1 << 20, 'x');
  for (int i = 0; i < 8; ++i) log.write(process::Stream::err, block);
  EXPECT_LT(log.last_words().size(), 300u);
  EXPECT_EQ(fs::file_size(folder.path() / "log"), 8u << 20);
}

}  // namespace
}  // namespace rtfx::runner
