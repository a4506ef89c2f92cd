// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/tag_text.hpp"

#include <set>

#include "base/digest.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

/// In double quotes, so that whatever a name is made of, it ends where it ends.
std::string in_quotes(std::string_view name) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      result += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string need_line(const NeededTag& need) {
  return "need " + in_quotes(need.name) + " " + in_quotes(need.ref) + " " + in_quotes(need.hash) +
         "\n";
}

}  // namespace

std::string dirt_of(const Source& source) {
  if (source.repository == nullptr) return "";
  const fs::path root = source.repository->root();
  const fs::path directory = fs::weakly_canonical(source.directory);
  std::string lines;
  for (const git::Change& change : source.repository->changes(source.directory)) {
    const std::string name = (root / change.path).lexically_relative(directory).string();
    lines += "change " + (change.mode.empty() ? "-" : change.mode) + " " +
             (change.content.empty() ? "-" : change.content) + " " + in_quotes(name) + "\n";
  }
  return lines.empty() ? "" : "at " + in_quotes(source.destination) + "\n" + lines;
}

std::string deep_dirt(const std::vector<Source>& all, const std::vector<NeededTag>& needs) {
  std::string dirt;
  for (const Source& source : all) dirt += dirt_of(source);
  std::set<std::string> lines;
  for (const NeededTag& need : needs) {
    if (need.dirty) lines.insert(need_line(need));
  }
  for (const std::string& line : lines) dirt += line;
  return dirt;
}

std::string deep_dirt_hash(const std::string& dirt) {
  return Digest::of("rtfx dirt 1\n" + dirt).hex();
}

std::string deep_hash(const std::string& tree, const std::vector<Source>& sources,
                      const std::vector<std::string>& trees, const std::vector<NeededTag>& needs) {
  if (sources.empty() && needs.empty()) return tree;
  std::string text = "rtfx tag 1\ntree " + tree + "\n";
  for (std::size_t i = 0; i < sources.size(); ++i)
    text += "source " + trees[i] + " " + in_quotes(sources[i].destination) + "\n";
  std::set<std::string> lines;
  for (const NeededTag& need : needs) lines.insert(need_line(need));
  for (const std::string& line : lines) text += line;
  return sha1_hex(text);
}

}  // namespace rtfx::pkg
