// SPDX-License-Identifier: Apache-2.0
#include "runner/console/unit_output.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "runner/console/width.hpp"

namespace rtfx::console {
namespace {

constexpr std::size_t longest_piece = 64 * 1024;

/// What a terminal would show of a line: "10%\r20%\r" is "20%".
std::string_view last_version(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  const auto before = line.rfind('\r');
  return before == std::string_view::npos ? line : line.substr(before + 1);
}

/// Without the first half of a character.
std::string_view from_character(std::string_view bytes) {
  std::size_t skip = 0;
  while (skip < 3 && skip < bytes.size() && (bytes[skip] & 0xC0) == 0x80) ++skip;
  return bytes.substr(skip);
}

}  // namespace

void LineCutter::add(std::string_view bytes, const Take& take) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, std::min(end, longest_piece - line_.size()));
    line_ += part;
    bytes.remove_prefix(part.size());
    const bool ended = !bytes.empty() && bytes.front() == '\n';
    if (ended) bytes.remove_prefix(1);
    if (!ended && line_.size() < longest_piece) continue;
    take(line_);
    line_.clear();
  }
}

void LineCutter::end(const Take& take) {
  if (!line_.empty()) take(line_);
  line_.clear();
}

void HeldText::add(const std::string& text) {
  if (!file_) file_.reset(std::tmpfile());
  if (file_) std::fwrite(text.data(), 1, text.size(), file_.get());
}

void HeldText::release(const std::function<void(const std::string& piece)>& give) {
  if (!file_) return;
  std::rewind(file_.get());
  std::string block(1 << 16, '\0');
  while (const std::size_t got = std::fread(block.data(), 1, block.size(), file_.get()))
    give(block.substr(0, got));
  file_.reset();
}

void Tail::add(std::string_view bytes) {
  if (bytes.size() >= most) {
    bytes_.assign(bytes.substr(bytes.size() - most));
    return;
  }
  if (bytes_.size() + bytes.size() > 2 * most) bytes_.erase(0, bytes_.size() - most);
  bytes_ += bytes;
}

std::vector<std::string> Tail::lines(std::size_t count) const {
  std::string_view all = from_character(
      std::string_view(bytes_).substr(bytes_.size() > most ? bytes_.size() - most : 0));
  while (all.ends_with('\n')) all.remove_suffix(1);
  std::vector<std::string> lines;
  while (!all.empty() && lines.size() < count) {
    const auto newline = all.rfind('\n');
    const auto begin = newline == std::string_view::npos ? 0 : newline + 1;
    lines.push_back(text::flattened(last_version(all.substr(begin))));
    all = all.substr(0, newline == std::string_view::npos ? 0 : newline);
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

}  // namespace rtfx::console
