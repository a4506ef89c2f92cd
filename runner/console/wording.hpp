// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "results/event.hpp"

namespace rtfx::console {

/// The lines that a person reads, as rtf words them: a tag of ten columns, and what it is about.
/// Whatever is in names and reasons, a line is one line and harmless.
struct Wording {
  bool colour = false;
  bool several_arches = false;   ///< names are followed by their arch
  std::filesystem::path folder;  ///< of the run, where the logs are

  /// "[PASS    ]"; `shade` is a colour of ECMA-48.
  std::string tag(const char* word, const char* shade) const;
  std::string coloured(const std::string& text, const char* shade) const;
  std::string label(const results::UnitId& unit) const;

  // Whole lines, each with its newline:

  /// "[STDOUT  ] TIME: TEXT"
  std::string stamped(const char* word, const char* shade,
                      std::chrono::system_clock::time_point time, const std::string& text) const;
  std::string retried(const results::UnitRetried& unit) const;
  /// For what is bad, the reason and the log too. `issue` is a known one, or "".
  std::string finished(const results::UnitFinished& unit, int failed_attempts,
                       const std::string& issue) const;
  /// Below a line with a tag, under what it is about.
  static std::string indented(const std::string& text);
};

/// It passed, but not at the first attempt.
bool is_flaky(const results::UnitFinished& unit, int failed_attempts);

/// "0.02", of seconds.
std::string hundredths(std::chrono::nanoseconds time);

}  // namespace rtfx::console
