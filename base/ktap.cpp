// SPDX-License-Identifier: Apache-2.0
#include "base/ktap.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include <fmt/format.h>
#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx {

namespace {

using Result = KtapTest::Result;
constexpr std::size_t kept_diagnostics = 10;

/// The number at the start, which is removed.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, std::string_view start) {
  if (!text.starts_with(start)) return false;
  text.remove_prefix(start.size());
  return true;
}

Result result_of(bool ok, std::string_view directive) {
  const std::string_view word = directive.substr(0, directive.find(' '));
  if (word == "SKIP" || word == "TODO") return Result::skip;
  if (word == "XFAIL") return Result::pass;
  if (word == "TIMEOUT" || word == "ERROR") return Result::fail;
  return ok ? Result::pass : Result::fail;
}

std::string joined(const std::string& outer, const std::string& inner) {
  return outer.empty() || inner.empty() ? outer + inner : outer + "." + inner;
}

}  // namespace

std::string_view without_printk_time(std::string_view line) {
  std::string_view rest = line;
  bool found = false;
  while (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    const std::string_view inside = rest.substr(1, end == rest.npos ? 0 : end - 1);
    const bool number =
        !inside.empty() && inside.find_first_not_of(" .0123456789TC") == inside.npos;
    if (!number) break;
    rest.remove_prefix(end + 1);
    found = true;
  }
  if (!found) return line;
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  return rest;
}

std::string ktap_result_name(KtapTest::Result result) {
  switch (result) {
    case KtapTest::Result::pass:
      return "pass";
    case KtapTest::Result::fail:
      return "fail";
    case KtapTest::Result::skip:
      return "skip";
    case KtapTest::Result::missing:
      return "missing";
  }
  return {};
}

KtapTest::Result parse_ktap_result(const std::string& name) {
  for (const Result result : {Result::pass, Result::fail, Result::skip, Result::missing}) {
    if (ktap_result_name(result) == name) return result;
  }
  throw Error("unknown result of a test: \"" + name + "\"");
}

void Ktap::keep(Tests& to, KtapTest test) {
  // A result that is bad is worth more than the bound, until there are twice as many.
  if (kept_ >= most_tests && (!test.bad() || kept_ >= 2 * most_tests)) return;
  ++kept_;
  to.push_back(std::move(test));
}

Ktap::Tests Ktap::close(const Level& level) {
  Tests tests = level.tests;
  if (level.planned && *level.planned > level.seen) {
    tests.push_back(
        {.name = fmt::format("{}..{}", level.seen + 1, *level.planned),
         .result = Result::missing,
         .detail = fmt::format("{} of {} results were told", level.seen, *level.planned)});
  }
  return tests;
}

/// Ends the levels that are deeper than `indent`; what was in them.
Ktap::Tests Ktap::close_above(std::size_t indent) {
  Tests inner;
  while (!open_.empty() && open_.back().indent > indent) {
    Tests tests = close(open_.back());
    for (KtapTest& test : inner) tests.push_back(std::move(test));
    const bool outermost = open_.size() == 1 || open_[open_.size() - 2].indent <= indent;
    // The result line that follows has the name of the outermost of them.
    if (!outermost) {
      for (KtapTest& test : tests) test.name = joined(open_.back().name, test.name);
    }
    inner = std::move(tests);
    open_.pop_back();
  }
  return inner;
}

void Ktap::start(std::size_t indent) {
  if (!open_.empty() && indent <= open_.front().indent) finish();
  Tests inner = close_above(indent);
  if (!open_.empty()) {
    Level& outer = open_.back();
    std::move(inner.begin(), inner.end(), std::back_inserter(outer.tests));
  }
  if (open_.empty() || open_.back().indent < indent) open_.push_back({.indent = indent});
}

/// The level with this indentation, which is made when results go deeper without a version line.
Ktap::Level& Ktap::level(std::size_t indent) {
  if (open_.back().indent < indent) open_.push_back({.indent = indent});
  return open_.back();
}

void Ktap::plan(std::size_t indent, std::string_view body) {
  const auto last = take_number(body);
  if (last && (body.empty() || body.starts_with(' '))) level(indent).planned = *last;
}

void Ktap::comment(std::size_t indent, std::string_view body) {
  if (take(body, "Subtest: ")) {
    level(indent).name = text::printable(body);
    return;
  }
  auto& kept = open_.back().diagnostics;
  kept.push_back(text::printable(body));
  if (kept.size() > kept_diagnostics) kept.pop_front();
}

void Ktap::result(std::size_t indent, std::string_view body, bool ok) {
  const auto number = take_number(body);
  if (!number || !(body.empty() || body.starts_with(' '))) return;
  Tests inner = close_above(indent);
  Level& at = level(indent);
  body = text::trim(body);
  if (take(body, "-")) body = text::trim(body);
  const std::size_t hash = body.starts_with("# ") ? 0 : body.find(" # ");
  const std::string_view directive =
      hash == body.npos ? "" : text::trim(body.substr(hash + (hash == 0 ? 2 : 3)));
  KtapTest test{.name = text::printable(text::trim(body.substr(0, hash))),
                .result = result_of(ok, directive),
                .detail = text::printable(directive)};
  if (test.name.empty()) test.name = std::to_string(*number);
  for (const std::string& line : at.diagnostics) {
    if (test.result == Result::fail) test.detail += (test.detail.empty() ? "" : "\n") + line;
  }
  at.diagnostics.clear();
  ++at.seen;
  for (KtapTest& nested : inner) nested.name = joined(test.name, nested.name);
  const bool told =
      std::any_of(inner.begin(), inner.end(), [](const KtapTest& nested) { return nested.bad(); });
  const bool counts = inner.empty() || (test.result == Result::fail && !told);
  std::move(inner.begin(), inner.end(), std::back_inserter(at.tests));
  if (counts) keep(at.tests, std::move(test));
  if (open_.size() == 1 && at.planned && at.seen >= *at.planned) finish();
}

void Ktap::line(std::string_view text) {
  std::string_view body = without_printk_time(text);
  const std::size_t indent = std::min(body.find_first_not_of(' '), body.size());
  body.remove_prefix(indent);
  body = body.substr(0, body.find_last_not_of(' ') + 1);
  if (body == "KTAP version 1" || body == "TAP version 13" || body == "TAP version 14")
    return start(indent);
  if (open_.empty() || indent < open_.front().indent) return;
  if (take(body, "1..")) return plan(indent, body);
  if (take(body, "# ")) return comment(indent, body);
  if (take(body, "not ok ")) return result(indent, body, false);
  if (take(body, "ok ")) return result(indent, body, true);
}

Ktap::Tests Ktap::open_tests() const {
  Tests all;
  std::string prefix;
  for (std::size_t i = 0; i < open_.size(); ++i) {
    if (i > 0) prefix = joined(prefix, open_[i].name);
    Tests tests = close(open_[i]);
    for (KtapTest& test : tests) {
      test.name = joined(prefix, test.name);
      all.push_back(std::move(test));
    }
  }
  return all;
}

void Ktap::finish() {
  Tests tests = open_tests();
  std::move(tests.begin(), tests.end(), std::back_inserter(done_));
  open_.clear();
}

bool Ktap::pending() const {
  return std::any_of(open_.begin(), open_.end(), [](const Level& level) {
    return level.planned && *level.planned > level.seen;
  });
}

std::vector<KtapTest> Ktap::tests() const {
  Tests all = done_;
  Tests open = open_tests();
  std::move(open.begin(), open.end(), std::back_inserter(all));
  return all;
}

}  // namespace rtfx
