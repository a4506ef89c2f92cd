// SPDX-License-Identifier: Apache-2.0
#include "results/junit_limits.hpp"

#include <algorithm>

namespace rtfx::results {
namespace {

constexpr std::size_t most_bytes = 26'000'000;  // escapes in names may need more than is counted
constexpr std::size_t most_elements = 245'000;
constexpr std::size_t passing_output = 2'000;
constexpr std::size_t other_output = 100'000;
constexpr std::size_t useful_output = 200;  // less is not worth its markup
constexpr std::size_t longest_reason = 2'000, shortest_reason = 100;
constexpr std::size_t markup =
    180;  // of a test without its names, of an outcome without its reason

std::size_t minus(std::size_t a, std::size_t b) { return a > b ? a - b : 0; }

}  // namespace

void JunitLimits::count(const Row& row) {
  ++rows_;
  if (row.status == "pass") {
    ++passing_;
  } else {
    ++others_;
  }
  others_ += row.unit->retried.size();
  names_ +=
      row.planned->unit.name.size() + 2 * row.planned->unit.arch.size() + row.planned->file.size();
}

void JunitLimits::start() {
  // A reason is written twice: as an attribute and in the text.
  const std::size_t fixed = names_ + markup * (rows_ + others_);
  reason_ = others_ == 0 ? longest_reason
                         : std::clamp(minus(most_bytes, fixed) / 2 / (2 * others_), shortest_reason,
                                      longest_reason);
  bytes_ = minus(most_bytes, fixed + 2 * others_ * std::min<std::size_t>(reason_, 200));
  elements_ = minus(most_elements, rows_ + 2 * others_);
  kept_for_passing_ = std::min(passing_ * passing_output, bytes_ / 5);
}

std::size_t JunitLimits::output(bool passed) {
  std::size_t& claims = passed ? passing_ : others_;
  const std::size_t all = std::max<std::size_t>(1, claims);
  if (claims > 0) --claims;
  const std::size_t available = passed ? bytes_ : minus(bytes_, kept_for_passing_);
  const std::size_t share = std::min(available / all, passed ? passing_output : other_output);
  const std::size_t elements = passed ? minus(elements_, others_) : elements_;
  return share < useful_output || elements == 0 ? 0 : share;
}

bool JunitLimits::spend(std::size_t bytes, std::size_t elements) {
  if (bytes > bytes_ || elements > elements_) return false;
  bytes_ -= bytes;
  elements_ -= elements;
  return true;
}

}  // namespace rtfx::results
