// SPDX-License-Identifier: Apache-2.0
#include "runner/expression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"
#include "runner/select.hpp"

namespace rtfx::runner {
namespace {

bool word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool carries(const Case& test, std::string_view label) {
  const bool negative = label.starts_with('!');
  if (negative) label.remove_prefix(1);
  const auto has = [&](const Labels& labels) {
    return (negative ? labels.unwanted : labels.wanted).contains(label);
  };
  if (has(test.labels)) return true;
  for (const Group* group = test.group; group; group = group->parent) {
    if (has(group->labels)) return true;
  }
  return false;
}

}  // namespace

/// Reads one expression by recursive descent; nesting is bounded, as every level takes stack.
class ExpressionParser {
 public:
  ExpressionParser(std::string_view text, const Group& tree, const NameIndex& names,
                   const ArchTable& arches, bool prefix_only)
      : text_(text), tree_(tree), names_(names), arches_(arches), prefix_only_(prefix_only) {}

  void parse(Expression& into) {
    expression_ = &into;
    disjunction();
    if (at_ < text_.size()) {
      fail(text_[at_] == ')' ? "this ')' closes nothing"
                             : "expected &, |, - or the end, got " + here());
    }
  }

 private:
  using Operator = Expression::Operator;
  using What = Expression::What;

  void disjunction() {
    conjunction();
    while (take('|') || take_word("or")) {
      conjunction();
      emit(Operator::disjunction);
    }
  }

  void conjunction() {
    negation();
    for (;;) {
      if (take('&') || take_word("and")) {
        negation();
        emit(Operator::conjunction);
      } else if (take('-')) {
        negation();
        emit(Operator::difference);
      } else {
        return;
      }
    }
  }

  void negation() {
    bool negative = false;
    while (take('!') || take_word("not")) negative = !negative;
    if (take('(')) {
      nested();
    } else {
      predicate();
    }
    if (negative) emit(Operator::negation);
  }

  void nested() {
    constexpr int deepest = 200;
    if (++depth_ > deepest)
      fail(fmt::format("more than {} parentheses are open", deepest), at_ - 1);
    disjunction();
    if (!take(')')) fail("expected ')', got " + here());
    --depth_;
  }

  void predicate() {
    skip_blanks();
    const std::size_t start = at_;
    const std::string_view word = peek_word();
    const auto what = predicate_of(word, start);
    at_ += word.size();
    if (!take('(')) fail(fmt::format("expected '(' after {}, got {}", word, here()));
    const bool takes_text = what != What::all && what != What::none;
    const auto [argument, place] = takes_text ? read_argument(word) : Argument{"", at_};
    if (!take(')')) fail("expected ')', got " + here());
    expression_->steps_.push_back({Operator::push, expression_->predicates_.size()});
    expression_->predicates_.push_back({what, argument});
    check(expression_->predicates_.back(), place);
  }

  What predicate_of(std::string_view word, std::size_t start) const {
    static const std::vector<std::string> known{"label", "group", "name", "arch", "all", "none"};
    if (word.empty()) fail("expected a predicate, as label(slow), got " + here(), start);
    const auto found = std::find(known.begin(), known.end(), word);
    if (found == known.end()) {
      const std::string hint = text::did_you_mean(word, known);
      fail(fmt::format("there is no predicate \"{}\"{}", text::printable(word),
                       hint.empty() ? "; there are label, group, name, arch, all and none" : hint),
           start);
    }
    return static_cast<What>(found - known.begin());
  }

  struct Argument {
    std::string text;
    std::size_t place;
  };

  Argument read_argument(std::string_view predicate) {
    skip_blanks();
    const std::size_t start = at_;
    if (take('"')) return {quoted(start), start};
    at_ = std::min(text_.find(')', at_), text_.size());
    const std::string argument(text::trim(text_.substr(start, at_ - start)));
    if (argument.empty()) {
      fail(at_ < text_.size() ? fmt::format("{}() needs a text between the parentheses", predicate)
                              : "expected ')', got the end",
           at_ < text_.size() ? start : at_);
    }
    return {argument, start};
  }

  std::string quoted(std::size_t start) {
    std::string value;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return value;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value += text_[at_];
    }
    fail("this '\"' has no second one", start);
  }

  void check(Expression::Predicate& predicate, std::size_t place) {
    switch (predicate.what) {
      case What::label:
        return check_label(predicate.text, place);
      case What::group:
        return check_group(predicate.text, place);
      case What::name:
        return check_name(predicate, place);
      case What::arch:
        return check_arch(predicate.text, place);
      case What::all:
      case What::none:
        return;
    }
  }

  void check_label(const std::string& label, std::size_t place) {
    if (labels_.empty()) labels_ = case_labels(tree_);
    const std::string bare = label.starts_with('!') ? label.substr(1) : label;
    if (!std::binary_search(labels_.begin(), labels_.end(), bare)) {
      unknown(fmt::format("no case has the label \"{}\"{}", text::printable(label),
                          text::did_you_mean(bare, labels_)),
              place);
    }
  }

  void check_group(const std::string& group, std::size_t place) const {
    if (names_.is_group(group)) return;
    unknown(
        names_.contains(group)
            ? fmt::format("\"{0}\" is a case and no group: write name({0})", group)
            : fmt::format("there is no group \"{}\"{}", text::printable(group), names_.hint(group)),
        place);
  }

  void check_name(Expression::Predicate& predicate, std::size_t place) const {
    if (predicate.text.starts_with('!'))
      fail("the '!' belongs before name: write !name(...)", place);
    predicate.pattern.emplace_back(predicate.text, names_, prefix_only_);
    for (const Case* test : all_cases(tree_)) {
      if (predicate.pattern.front().matches(*test)) return;
    }
    unknown(fmt::format("no case matches \"{}\"{}", text::printable(predicate.text),
                        names_.hint(predicate.text)),
            place);
  }

  void check_arch(const std::string& arch, std::size_t place) const {
    const std::vector<std::string> known = arches_.names();
    if (std::find(known.begin(), known.end(), arch) != known.end()) return;
    const std::string hint = text::did_you_mean(arch, known);
    unknown(fmt::format("there is no arch \"{}\"{}", text::printable(arch),
                        hint.empty() ? "; there are " + text::join(known, ", ") : hint),
            place);
  }

  void emit(Operator op) { expression_->steps_.push_back({op}); }

  void skip_blanks() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }

  bool take(char wanted) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  bool take_word(std::string_view wanted) {
    skip_blanks();
    if (peek_word() != wanted) return false;
    at_ += wanted.size();
    return true;
  }

  std::string_view peek_word() const {
    std::size_t end = at_;
    while (end < text_.size() && word_char(text_[end])) ++end;
    return text_.substr(at_, end - at_);
  }

  /// What stands where the reading has come to.
  std::string here() const {
    if (at_ >= text_.size()) return "the end";
    const std::string_view word = peek_word();
    if (!word.empty()) return fmt::format("\"{}\"", word);
    std::size_t end = at_ + 1;
    while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
    return fmt::format("\"{}\"", text::printable(text_.substr(at_, end - at_)));
  }

  [[noreturn]] void fail(const std::string& what) const { fail(what, at_); }
  [[noreturn]] void fail(const std::string& what, std::size_t place) const {
    throw Error(where(place) + what, ExitCode::usage);
  }
  [[noreturn]] void unknown(const std::string& what, std::size_t place) const {
    throw Error(where(place) + what, ExitCode::nothing_to_run);
  }

  /// Columns are counted in characters of UTF-8.
  std::string where(std::size_t place) const {
    const std::string_view before = text_.substr(0, place);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const auto start = before.rfind('\n');
    const std::string_view line =
        start == std::string_view::npos ? before : before.substr(start + 1);
    const auto column = std::count_if(line.begin(), line.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    });
    return fmt::format("expression:{}:{}: ", lines + 1, column + 1);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  const Group& tree_;
  const NameIndex& names_;
  const ArchTable& arches_;
  bool prefix_only_;
  std::vector<std::string> labels_;
  Expression* expression_ = nullptr;
};

Expression::Expression(std::string_view text, const Group& tree, const NameIndex& names,
                       const ArchTable& arches, bool prefix_only) {
  ExpressionParser(text, tree, names, arches, prefix_only).parse(*this);
}

bool Expression::holds(const Predicate& predicate, const Case& test, std::string_view unit,
                       const Arch& arch) {
  switch (predicate.what) {
    case What::label:
      return carries(test, predicate.text);
    case What::group:
      for (const Group* group = test.group; group; group = group->parent) {
        if (group->name == predicate.text) return true;
      }
      return false;
    case What::name:
      return predicate.pattern.front().matches(test, unit);
    case What::arch:
      return arch.name == predicate.text;
    case What::all:
      return true;
    case What::none:
      return false;
  }
  return false;
}

bool Expression::selects(const Case& test, std::string_view unit, const Arch& arch) const {
  std::vector<bool> values;
  for (const Step& step : steps_) {
    if (step.op == Operator::push) {
      values.push_back(holds(predicates_[step.predicate], test, unit, arch));
      continue;
    }
    if (step.op == Operator::negation) {
      values.back() = !values.back();
      continue;
    }
    const bool right = values.back();
    values.pop_back();
    const bool left = values.back();
    values.back() = step.op == Operator::disjunction   ? left || right
                    : step.op == Operator::conjunction ? left && right
                                                       : left && !right;
  }
  return values.back();
}

}  // namespace rtfx::runner
