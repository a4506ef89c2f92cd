// SPDX-License-Identifier: Apache-2.0
#include "harness/image/tar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>

#include "base/error.hpp"

namespace rtfx::image {

namespace {

constexpr std::size_t block = 512;

/// A field of the ustar header: place and size in bytes.
struct Field {
  std::size_t offset, size;
};
constexpr Field name_field{0, 100}, mode_field{100, 8}, uid_field{108, 8}, gid_field{116, 8},
    size_field{124, 12}, mtime_field{136, 12}, checksum_field{148, 8}, type_field{156, 1},
    link_field{157, 100}, magic_field{257, 8}, major_field{329, 8}, minor_field{337, 8};

class Header {
 public:
  void set(Field field, std::string_view value) {
    std::copy_n(value.data(), std::min(value.size(), field.size), bytes_.data() + field.offset);
  }
  /// Octal digits with a NUL behind. False (and 0) when the number does not fit.
  bool set_number(Field field, std::uint64_t value) {
    const std::string digits = fmt::format("{:0{}o}", value, field.size - 1);
    const bool fits = digits.size() < field.size;
    set(field, fits ? digits : std::string(field.size - 1, '0'));
    return fits;
  }
  std::string_view finish() {
    set(magic_field, std::string_view("ustar\00000", 8));
    set(checksum_field, "        ");
    const unsigned sum = std::accumulate(
        bytes_.begin(), bytes_.end(), 0U,
        [](unsigned total, char c) { return total + static_cast<unsigned char>(c); });
    set(checksum_field, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
    return {bytes_.data(), bytes_.size()};
  }

 private:
  std::array<char, block> bytes_{};
};

using Records = std::map<std::string, std::string>;

/// "LENGTH KEY=VALUE\n", where LENGTH counts itself.
std::string format_record(const std::string& key, const std::string& value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + std::to_string(rest).size();
  if (std::to_string(length).size() != std::to_string(rest).size()) ++length;
  return std::to_string(length) + " " + key + "=" + value + "\n";
}

bool is_plain(std::string_view s, std::size_t longest) {
  return s.size() <= longest && std::all_of(s.begin(), s.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x80;
         });
}

class Writer {
 public:
  explicit Writer(const Sink& sink) : sink_(sink) {}
  void put(std::string_view bytes) {
    sink_(bytes);
    written_ += bytes.size();
  }
  void pad() {
    static constexpr char zeros[block] = {};
    put({zeros, (block - written_ % block) % block});
  }
  /// The header of PAX records that describes the next header.
  void put_records(std::string_view path, const Records& records) {
    std::string body;
    for (const auto& [key, value] : records) body += format_record(key, value);
    Header header;
    header.set(name_field, "PaxHeaders.0/" + std::string(base_of(path).substr(0, 80)));
    header.set_number(mode_field, 0);
    header.set_number(uid_field, 0);
    header.set_number(gid_field, 0);
    header.set_number(size_field, body.size());
    header.set_number(mtime_field, 0);
    header.set(type_field, "x");
    put(header.finish());
    put(body);
    pad();
  }
  void put_entry(const std::string& path, const Inode& inode, const Origin& origin,
                 const std::string* hard_link);

 private:
  const Sink& sink_;
  std::uint64_t written_ = 0;
};

std::string_view type_flag(FileType type) {
  switch (type) {
    case FileType::regular:
      return "0";
    case FileType::symlink:
      return "2";
    case FileType::character_device:
      return "3";
    case FileType::block_device:
      return "4";
    case FileType::directory:
      return "5";
    case FileType::fifo:
      return "6";
  }
  return "0";
}

void Writer::put_entry(const std::string& path, const Inode& inode, const Origin& origin,
                       const std::string* hard_link) {
  Records records{{"LINUXKIT.location", origin.location}, {"LINUXKIT.source", origin.source}};
  Header header;
  header.set(name_field, path);
  if (!is_plain(path, name_field.size)) records["path"] = path;
  header.set_number(mode_field, inode.mode);
  if (!header.set_number(uid_field, inode.uid)) records["uid"] = std::to_string(inode.uid);
  if (!header.set_number(gid_field, inode.gid)) records["gid"] = std::to_string(inode.gid);
  const std::uint64_t size =
      inode.type == FileType::regular && hard_link == nullptr ? inode.data.size : 0;
  if (!header.set_number(size_field, size)) records["size"] = std::to_string(size);
  if (!header.set_number(mtime_field, static_cast<std::uint64_t>(inode.mtime)))
    records["mtime"] = std::to_string(inode.mtime);
  header.set(type_field, hard_link != nullptr ? "1" : type_flag(inode.type));
  const std::string& link = hard_link != nullptr ? *hard_link : inode.target;
  header.set(link_field, link);
  if (!is_plain(link, link_field.size)) records["linkpath"] = link;
  if (inode.type == FileType::character_device || inode.type == FileType::block_device) {
    if (!header.set_number(major_field, inode.device_major))
      throw Error("the device " + path + " has a number that tar cannot hold");
    if (!header.set_number(minor_field, inode.device_minor))
      throw Error("the device " + path + " has a number that tar cannot hold");
  }
  if (hard_link == nullptr) {
    for (const auto& [name, value] : inode.xattrs) records["SCHILY.xattr." + name] = value;
  }
  put_records(path, records);
  put(header.finish());
}

}  // namespace

void write_tar(const Tree& tree, const Spool& spool, const Sink& sink, std::stop_token stop) {
  Writer writer(sink);
  std::map<std::uint32_t, std::string> first_names;
  std::map<std::uint32_t, int> names;
  for (const auto& [path, entry] : tree.entries()) ++names[entry.inode];
  for (const auto& [path, entry] : tree.entries()) {
    if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
    const Inode& inode = tree.inode(entry);
    const auto first = first_names.find(entry.inode);
    writer.put_entry(path, inode, tree.origins().at(inode.origin),
                     first == first_names.end() ? nullptr : &first->second);
    if (first != first_names.end()) continue;
    if (names[entry.inode] > 1) first_names.emplace(entry.inode, path);
    if (inode.type == FileType::regular)
      spool.copy_to(inode.data, [&](std::string_view bytes) { writer.put(bytes); });
    writer.pad();
  }
  static constexpr char end[2 * block] = {};
  writer.put({end, sizeof end});
}

}  // namespace rtfx::image
