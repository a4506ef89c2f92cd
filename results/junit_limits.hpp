// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "results/rows.hpp"

namespace rtfx::results {

/// What of a run fits into junit.xml. GitLab refuses files of more than 30 MiB
/// (gitlabhq/gitlabhq:lib/gitlab/xml_converter.rb) and of more than 250,000 elements
/// (lib/gitlab/fogbugz_import/xml_adapter.rb). Every test is written with its outcome in any case;
/// outputs share what is left, those of what did not pass first. Up to about 100,000 failed or
/// 200,000 passed tests fit.
class JunitLimits {
 public:
  /// First every row is counted, then the file is written.
  void count(const Row& row);
  /// A result within one; `bytes` are those of its names and detail.
  void count_inner(std::size_t bytes);
  void start();

  /// Whether tests have their start times, which no reader needs.
  bool timestamps() const { return rows_ <= 50'000; }
  /// Bytes of a reason.
  std::size_t reason() const { return reason_; }
  /// How many bytes of output the next test, or an earlier attempt of it, may show; 0: none. To be
  /// asked once for each of them.
  std::size_t output(bool passed);
  /// Asks for room for it as it would be written; false: there is none, and it must not be written.
  bool spend(std::size_t bytes, std::size_t elements);

 private:
  std::size_t rows_ = 0, passing_ = 0, others_ = 0;  // others_: attempts too
  std::size_t fixed_ = 0, fixed_elements_ = 0;       ///< what is written in any case
  std::size_t reason_ = 0, bytes_ = 0, elements_ = 0, kept_for_passing_ = 0;
};

}  // namespace rtfx::results
