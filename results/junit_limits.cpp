// SPDX-License-Identifier: Apache-2.0
#include "results/junit_limits.hpp"

#include <algorithm>

namespace rtfx::results {
namespace {

constexpr std::size_t most_bytes = 27'000'000;  // escapes in names are not counted
constexpr std::size_t most_elements = 245'000;
constexpr std::size_t passing_output = 2'000;
constexpr std::size_t other_output = 100'000;
constexpr std::size_t least_output = 1'000;
constexpr std::size_t useful_output = 200;  // less is not worth its markup
constexpr std::size_t longest_reason = 2'000, shortest_reason = 30;
// Bytes of markup of a test, its outcome and an attempt.
constexpr std::size_t row_markup = 75, timestamp_markup = 45, outcome_markup = 55,
                      attempt_markup = 110;

std::size_t minus(std::size_t a, std::size_t b) { return a > b ? a - b : 0; }

}  // namespace

void JunitLimits::count(const Row& row) {
  ++rows_;
  ++fixed_elements_;
  fixed_ += row_markup + row.planned->unit.name.size() + row.planned->unit.arch.size() +
            row.planned->file.size();
  if (row.status == "pass") {
    ++passing_;
  } else {
    ++others_;
    ++fixed_elements_;
    fixed_ += outcome_markup + (row.finished ? row.finished->log.size() : 0);
  }
  for (const UnitRetried& attempt : row.unit->retried) {
    ++others_;
    fixed_elements_ += 2;
    fixed_ += attempt_markup + attempt.log.size();
  }
}

void JunitLimits::count_inner(std::size_t bytes) {
  fixed_elements_ += 2;
  fixed_ += row_markup + outcome_markup + bytes;
}

void JunitLimits::start() {
  if (timestamps()) fixed_ += timestamp_markup * rows_;
  // A reason is written twice: as an attribute and in the text. Most are short.
  const std::size_t room = minus(most_bytes, fixed_) / 2 / (2 * std::max<std::size_t>(1, others_));
  reason_ = std::clamp(room, shortest_reason, longest_reason);
  bytes_ = minus(most_bytes, fixed_ + 2 * others_ * std::min<std::size_t>(reason_, 100));
  elements_ = minus(most_elements, fixed_elements_);
  kept_for_passing_ = std::min(passing_ * passing_output, bytes_ / 5);
}

std::size_t JunitLimits::output(bool passed) {
  std::size_t& claims = passed ? passing_ : others_;
  const std::size_t all = std::max<std::size_t>(1, claims);
  if (claims > 0) --claims;
  const std::size_t available = passed ? bytes_ : minus(bytes_, kept_for_passing_);
  const std::size_t elements = passed ? minus(elements_, others_) : elements_;
  if (elements == 0) return 0;
  if (passed) {
    const std::size_t share = std::min(available / all, passing_output);
    return share < useful_output ? 0 : share;
  }
  // Where there is little for each, the first ones show something rather than all of them nothing.
  const std::size_t share = std::clamp(available / all, least_output, other_output);
  return share > available ? 0 : share;
}

bool JunitLimits::spend(std::size_t bytes, std::size_t elements) {
  if (bytes > bytes_ || elements > elements_) return false;
  bytes_ -= bytes;
  elements_ -= elements;
  return true;
}

}  // namespace rtfx::results
