// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rtfx {

/// One result of a test that told it in KTAP.
struct KtapTest {
  enum class Result { pass, fail, skip, missing };
  std::string name;  ///< with the names that it is nested in: "kunit.list.list_test_add"
  Result result = Result::pass;
  std::string detail{};  ///< directive, and the diagnostic lines of a failure
  bool bad() const { return result == Result::fail || result == Result::missing; }
};
/// "pass".
std::string ktap_result_name(KtapTest::Result result);
/// Throws Error for another word.
KtapTest::Result parse_ktap_result(const std::string& name);

/// The line without "[    0.123456] " or "[    0.123456][   T12] ", which printk puts before it.
std::string_view without_printk_time(std::string_view line);

/// Reads test results from a console as they come: KTAP 1 (Linux, Documentation/dev-tools/ktap.rst) and TAP 13 and 14,
/// nested by indentation, with any other lines in between and with printk's times before them. What stands outside of
/// a document (before its version line, after the last result of its plan) is passed over.
class Ktap {
 public:
  /// Memory is bounded: further results only count.
  static constexpr std::size_t most_tests = 100'000;

  void line(std::string_view text);
  /// Results so far, outer names first: "suite.case". Only the innermost results are there, and an outer one that
  /// failed although all in it passed. A plan that is not fulfilled gives a result `missing`.
  std::vector<KtapTest> tests() const;

  /// A plan is not fulfilled yet.
  bool pending() const;
  bool empty() const { return open_.empty() && done_.empty(); }

 private:
  using Tests = std::vector<KtapTest>;
  /// A document, or the results that are nested in one result.
  struct Level {
    std::size_t indent = 0;
    std::string name{};  ///< "# Subtest: name"; the result line has it, too
    std::optional<std::uint64_t> planned{};
    std::uint64_t seen = 0;
    Tests tests{};
    std::deque<std::string> diagnostics{};
  };
  void start(std::size_t indent);
  Level& level(std::size_t indent);
  void plan(std::size_t indent, std::string_view body);
  void comment(std::size_t indent, std::string_view body);
  void result(std::size_t indent, std::string_view body, bool ok);
  Tests close_above(std::size_t indent);
  static Tests close(const Level& level);
  void keep(Tests& to, KtapTest test);
  Tests open_tests() const;
  void finish();

  std::vector<Level> open_;
  Tests done_;
  std::size_t kept_ = 0;
};

}  // namespace rtfx
