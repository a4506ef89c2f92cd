// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/make_output.hpp"

#include <algorithm>
#include <cctype>

#include "base/text.hpp"

namespace rtfx::kernel {

namespace {

constexpr std::size_t shown = 20;
constexpr std::size_t longest_line = 4096;

bool has(std::string_view line, std::string_view word) {
  return line.find(word) != std::string_view::npos;
}

/// "  CC [M]  net/x.o": two blanks, a word in capitals, blanks, a path.
bool is_step(std::string_view line) {
  if (!line.starts_with("  ") || line.size() < 4) return false;
  const std::size_t end = line.find(' ', 2);
  if (end == std::string_view::npos || end == 2) return false;
  const std::string_view word = line.substr(2, end - 2);
  return std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isupper(c) != 0 || std::isdigit(c) != 0 || c == '_' || c == '-';
  });
}

bool is_error(std::string_view line) {
  for (const char* word :
       {"error:", "Error ", "ERROR:", "undefined reference", "undefined!", "No rule to make",
        "No space left", "fatal:", "multiple definition", "not found"}) {
    if (has(line, word)) return true;
  }
  return line.starts_with("make") && has(line, "***");
}

/// Lines that only say that a part of make ends because another one did.
bool is_echo(std::string_view line) {
  return has(line, "Waiting for unfinished jobs") ||
         (line.starts_with("make[") && has(line, "***") && !has(line, ".o]") &&
          !has(line, "No rule") && !has(line, "Error 1]"));
}

}  // namespace

void MakeOutput::add(std::string_view bytes) {
  rest_ += bytes;
  std::size_t start = 0;
  for (std::size_t end; (end = rest_.find('\n', start)) != std::string::npos; start = end + 1)
    line(std::string_view(rest_).substr(start, end - start));
  rest_.erase(0, start);
  if (rest_.size() > longest_line) {
    line(rest_);
    rest_.clear();
  }
}

void MakeOutput::line(std::string_view line) {
  if (is_step(line)) {
    ++steps_;
    step_.clear();
    for (const char c : line) {
      if (c != ' ' || (!step_.empty() && step_.back() != ' ')) step_ += c;
    }
    return;
  }
  const std::string kept = text::printable(line.substr(0, longest_line));
  if (has(line, "warning:")) {
    ++warnings_;
    if (warning_lines_.size() < shown) warning_lines_.push_back(kept);
  } else if (is_error(line) && !is_echo(line)) {
    if (errors_.size() < shown) errors_.push_back(kept);
  }
  if (text::trim(line).empty()) return;
  last_.push_back(kept);
  if (last_.size() > shown) last_.erase(last_.begin());
}

std::vector<std::string> MakeOutput::reasons() const {
  if (!errors_.empty()) return errors_;
  return warning_lines_.empty() ? last_ : warning_lines_;
}

}  // namespace rtfx::kernel
