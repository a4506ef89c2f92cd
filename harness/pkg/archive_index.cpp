// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/archive_index.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace rtfx::pkg {

namespace {

/// "Name: value" -> {"Name", "value"}; lines that go on with the value of another begin with a blank.
void read_line(std::string_view line, IndexEntry& entry) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || line.front() == ' ' || line.front() == '\t') return;
  const std::string_view name = line.substr(0, colon);
  std::string_view* value = nullptr;
  if (name == "Package") value = &entry.name;
  if (name == "Version") value = &entry.version;
  if (name == "Architecture") value = &entry.architecture;
  if (name == "Filename") value = &entry.file;
  if (name == "SHA256") value = &entry.sha256;
  if (value != nullptr) *value = text::trim(line.substr(colon + 1));
}

}  // namespace

void read_index(std::string_view index, const std::function<void(const IndexEntry&)>& visit) {
  std::size_t position = 0;
  while (position < index.size()) {
    IndexEntry entry;
    const std::size_t start = position;
    std::size_t end = start;
    for (;;) {
      const std::size_t newline = std::min(index.find('\n', position), index.size());
      const std::string_view line = index.substr(position, newline - position);
      position = std::min(newline + 1, index.size());
      if (line.empty()) break;
      read_line(line, entry);
      end = position;
      if (position == index.size()) break;
    }
    entry.stanza = index.substr(start, end - start);
    if (!entry.name.empty()) visit(entry);
  }
}

}  // namespace rtfx::pkg
