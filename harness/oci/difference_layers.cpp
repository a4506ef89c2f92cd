// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/difference_layers.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/oci/tar_reader.hpp"

namespace rtfx::oci {

namespace {

/// Contents up to this size are compared byte by byte; of others the digests tell enough.
constexpr std::uint64_t comparable = 64U << 20;

struct Entry {
  TarMember member;
  std::optional<Digest> content;  ///< of files
};

FileDescriptor open_layer(const Store& store, const Descriptor& layer) {
  const fs::path path = store.blob_path(layer);
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw system_error("reading " + path.string(), errno);
  return fd;
}

std::vector<Entry> entries_of(const Store& store, const Descriptor& layer) {
  const FileDescriptor fd = open_layer(store, layer);
  TarReader reader(fd.get());
  std::vector<Entry> entries;
  for (Entry entry; reader.next(entry.member); entry = {}) {
    if (entry.member.type == 'f') {
      Hasher hasher;
      reader.read([&](std::string_view bytes) { hasher.update(bytes); });
      entry.content = hasher.finish();
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

Digest digest_of_tar(const Store& store, const Descriptor& layer) {
  const FileDescriptor fd = open_layer(store, layer);
  Hasher hasher;
  decompress(fd.get(), [&](std::string_view bytes) { hasher.update(bytes); });
  return hasher.finish();
}

/// The contents of the member at this place.
std::string content_at(const Store& store, const Descriptor& layer, std::size_t position) {
  const FileDescriptor fd = open_layer(store, layer);
  TarReader reader(fd.get());
  TarMember member;
  for (std::size_t i = 0; reader.next(member); ++i) {
    if (i != position) continue;
    std::string content;
    reader.read([&](std::string_view bytes) { content += bytes; });
    return content;
  }
  return "";
}

/// A few bytes around the place, fit to be shown.
std::string excerpt(const std::string& content, std::size_t place) {
  constexpr std::size_t before = 8, length = 32;
  const std::size_t from = place > before ? place - before : 0;
  return "\"" + text::one_line(content.substr(from, length)) + "\"";
}

std::string type_name(char type) {
  switch (type) {
    case 'd':
      return "a directory";
    case 'l':
      return "a symbolic link";
    case 'h':
      return "a hard link";
    case 'c':
      return "a character device";
    case 'b':
      return "a block device";
    case 'p':
      return "a fifo";
    case 's':
      return "a socket";
    default:
      return "a file";
  }
}

std::string printable_path(const Entry& entry) { return text::one_line(entry.member.path); }

std::string time_of(const TarMember& member) {
  return member.mtime_nsec == 0 ? std::to_string(member.mtime)
                                : fmt::format("{}.{:09}", member.mtime, member.mtime_nsec);
}

std::string names_of(const std::map<std::string, std::string>& xattrs) {
  std::vector<std::string> names;
  for (const auto& [name, value] : xattrs)
    names.push_back(text::one_line(name) + "=" + text::one_line(value));
  return names.empty() ? "none" : text::join(names, ",");
}

/// Two layers that are compared entry by entry.
class Comparison {
 public:
  Comparison(const Store& store, const Descriptor& a, const Descriptor& b)
      : store_(store), layers_{a, b}, entries_{entries_of(store, a), entries_of(store, b)} {}

  /// The first entry that differs and how many more do; nullopt when none does.
  std::optional<std::string> explain() const {
    const std::vector<Entry>&a = entries_[0], &b = entries_[1];
    std::optional<std::string> first;
    const std::size_t both = std::min(a.size(), b.size());
    for (std::size_t i = 0; i < both; ++i) {
      if (a[i].member.path != b[i].member.path) return explain_paths(i);
      const std::string how = explain_entry(i);
      if (!how.empty()) return printable_path(a[i]) + ": " + how + further(i + 1);
    }
    if (a.size() != b.size()) return explain_paths(both);
    return std::nullopt;
  }

 private:
  /// The paths part ways at this place: something is missing, or the order is another one.
  std::string explain_paths(std::size_t place) const {
    const auto absent = [&](std::size_t from, std::size_t in) {
      std::set<std::string> known;
      for (const Entry& entry : entries_[in]) known.insert(entry.member.path);
      for (std::size_t i = place; i < entries_[from].size(); ++i) {
        const Entry& entry = entries_[from][i];
        if (!known.contains(entry.member.path)) return std::optional(printable_path(entry));
      }
      return std::optional<std::string>();
    };
    const auto only_first = absent(0, 1), only_second = absent(1, 0);
    std::string line;
    if (only_first) line = *only_first + " is missing in the second";
    if (only_second) line += (line.empty() ? "" : "; ") + *only_second + " is missing in the first";
    if (!line.empty()) return line;
    if (place >= entries_[0].size() || place >= entries_[1].size())
      return "entries are there more than once in one of the two";
    return fmt::format("the order of the entries: entry {} is {} in the first, {} in the second",
                       place + 1, printable_path(entries_[0][place]),
                       printable_path(entries_[1][place]));
  }

  /// How the two entries of this place, of one path, differ.
  std::string explain_entry(std::size_t place) const {
    const Entry &a = entries_[0][place], &b = entries_[1][place];
    std::vector<std::string> how;
    const auto note = [&](const char* what, const auto& first, const auto& second) {
      if (first != second) how.push_back(fmt::format("{}: {}, {}", what, first, second));
    };
    note("type", type_name(a.member.type), type_name(b.member.type));
    if (a.content != b.content && a.content && b.content) how.push_back(explain_content(place));
    note("link target", text::one_line(a.member.target), text::one_line(b.member.target));
    note("mode", fmt::format("{:04o}", a.member.mode), fmt::format("{:04o}", b.member.mode));
    note("mtime", time_of(a.member), time_of(b.member));
    note("uid", a.member.uid, b.member.uid);
    note("gid", a.member.gid, b.member.gid);
    note("user", text::one_line(a.member.user), text::one_line(b.member.user));
    note("group", text::one_line(a.member.group), text::one_line(b.member.group));
    note("device", fmt::format("{}:{}", a.member.device_major, a.member.device_minor),
         fmt::format("{}:{}", b.member.device_major, b.member.device_minor));
    note("xattrs", names_of(a.member.xattrs), names_of(b.member.xattrs));
    return text::join(how, "; ");
  }

  std::string explain_content(std::size_t place) const {
    const std::uint64_t sizes[] = {entries_[0][place].member.size, entries_[1][place].member.size};
    std::string line = "content";
    if (sizes[0] != sizes[1]) line += fmt::format(" of {} and {} bytes", sizes[0], sizes[1]);
    if (std::max(sizes[0], sizes[1]) > comparable) return line;
    const std::string a = content_at(store_, layers_[0], place);
    const std::string b = content_at(store_, layers_[1], place);
    const auto different = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    const auto offset = static_cast<std::size_t>(different.first - a.begin());
    return line +
           fmt::format(" from byte {}: {}, {}", offset, excerpt(a, offset), excerpt(b, offset));
  }

  std::string further(std::size_t from) const {
    std::size_t count = 0;
    const std::size_t both = std::min(entries_[0].size(), entries_[1].size());
    for (std::size_t i = from; i < both; ++i) {
      const Entry &a = entries_[0][i], &b = entries_[1][i];
      const auto facts = [](const Entry& e) {
        const TarMember& m = e.member;
        return std::tie(m.path, m.type, e.content, m.target, m.mode, m.mtime, m.mtime_nsec, m.uid,
                        m.gid, m.user, m.group, m.device_major, m.device_minor, m.xattrs);
      };
      if (facts(a) != facts(b)) ++count;
    }
    count += std::max(entries_[0].size(), entries_[1].size()) - both;
    return count == 0 ? "" : fmt::format(" (and {} more)", count);
  }

  const Store& store_;
  Descriptor layers_[2];
  std::vector<Entry> entries_[2];
};

}  // namespace

std::string explain_layers(const Store& store, const Descriptor& a, const Descriptor& b) {
  if (digest_of_tar(store, a) == digest_of_tar(store, b))
    return fmt::format("only the compression differs: {} of {} bytes, {} of {} bytes", a.media_type,
                       a.size, b.media_type, b.size);
  if (const auto explanation = Comparison(store, a, b).explain()) return *explanation;
  return "the same entries, but the tar files are written differently";
}

}  // namespace rtfx::oci
