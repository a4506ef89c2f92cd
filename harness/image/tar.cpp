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
  explicit Writer(const Sink& sink, bool gnu_links = false) : sink_(sink), gnu_links_(gnu_links) {}
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
  void put_file(const TarFile& file);
  void finish();

 private:
  void put_gnu_link(const std::string& target);

  const Sink& sink_;
  bool gnu_links_;
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
  if (!origin.manifest.empty()) records["RTFX.manifest"] = origin.manifest;
  if (origin.replaces) records["RTFX.replaces"] = "yes";
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
  if (gnu_links_ && inode.type == FileType::symlink) {
    if (link.size() > link_field.size) put_gnu_link(link);
  } else if (!is_plain(link, link_field.size)) {
    records["linkpath"] = link;
  }
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

/// A long target of a symbolic link as a member of its own (GNU tar manual, "Basic Tar Format").
void Writer::put_gnu_link(const std::string& target) {
  Header header;
  header.set(name_field, "././@LongLink");
  for (const Field field : {mode_field, uid_field, gid_field, mtime_field})
    header.set_number(field, 0);
  header.set_number(size_field, target.size() + 1);
  header.set(type_field, "K");
  put(header.finish());
  put(target);
  put(std::string_view("\0", 1));
  pad();
}

void Writer::put_file(const TarFile& file) {
  Records records;
  if (!file.location.empty())
    records = {{"LINUXKIT.location", file.location}, {"LINUXKIT.source", file.source}};
  Header header;
  header.set(name_field, file.path);
  header.set_number(mode_field, 0644);
  header.set_number(uid_field, 0);
  header.set_number(gid_field, 0);
  if (!header.set_number(size_field, file.contents.size))
    records["size"] = std::to_string(file.contents.size);
  header.set_number(mtime_field, static_cast<std::uint64_t>(generated_mtime));
  header.set(type_field, "0");
  if (!records.empty()) put_records(file.path, records);
  put(header.finish());
  file.contents.copy_to([&](std::string_view bytes) { put(bytes); });
  pad();
}

void Writer::finish() {
  static constexpr char end[2 * block] = {};
  put({end, sizeof end});
}

}  // namespace

void write_tar(const Tree& tree, const Spool& spool, const Sink& sink, std::stop_token stop,
               const TarOptions& options) {
  Writer writer(sink, options.gnu_links);
  std::map<std::uint32_t, std::string> first_names;
  std::map<std::uint32_t, int> names;
  for (const auto& [path, entry] : tree.entries()) ++names[entry.inode];
  for (const auto& [path, entry] : tree.entries()) {
    if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
    if (options.wanted && !options.wanted(path)) continue;
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
  for (const TarFile& file : options.more) writer.put_file(file);
  writer.finish();
}

void write_plain_tar(const std::vector<TarFile>& files, const Sink& sink) {
  Writer writer(sink);
  for (const TarFile& file : files) writer.put_file(file);
  writer.finish();
}

}  // namespace rtfx::image
