// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/canonical_tar.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::oci {

namespace {

constexpr std::size_t block = 512;
using Records = std::map<std::string, std::string>;

struct Field {
  std::size_t offset, size;
};
constexpr Field name_field{0, 100}, mode_field{100, 8}, uid_field{108, 8}, gid_field{116, 8},
    size_field{124, 12}, mtime_field{136, 12}, checksum_field{148, 8}, type_field{156, 1},
    link_field{157, 100}, magic_field{257, 8}, major_field{329, 8}, minor_field{337, 8};

std::string octal(std::uint64_t value) {
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + (value & 7)));
  } while ((value >>= 3) != 0);
  return digits;
}

/// One block, and the records for what it cannot hold.
class Block {
 public:
  Records records;

  void text(Field field, std::string_view value) {
    std::copy_n(value.data(), std::min(value.size(), field.size), bytes_.data() + field.offset);
  }
  void text(Field field, std::string_view value, const char* record) {
    text(field, value);
    if (value.size() > field.size) records[record] = value;
  }
  void number(Field field, std::uint64_t value, const char* record) {
    const std::string digits = octal(value);
    const std::size_t room = field.size - 1;
    if (digits.size() > room) records[record] = std::to_string(value);
    text(field, digits.size() > room ? std::string(room, '0')
                                     : std::string(room - digits.size(), '0') + digits);
  }
  std::string_view finish() {
    text(magic_field, std::string_view("ustar\00000", 8));
    text(checksum_field, "        ");
    const unsigned sum = std::accumulate(
        bytes_.begin(), bytes_.end(), 0U,
        [](unsigned total, char c) { return total + static_cast<unsigned char>(c); });
    const std::string digits = octal(sum);
    text(checksum_field, std::string(6 - digits.size(), '0') + digits + std::string("\0 ", 2));
    return {bytes_.data(), bytes_.size()};
  }

 private:
  std::array<char, block> bytes_{};
};

/// "LENGTH KEY=VALUE\n", where LENGTH counts itself.
std::string format_record(const std::string& key, const std::string& value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + std::to_string(rest).size();
  length = rest + std::to_string(length).size();
  return std::to_string(length) + " " + key + "=" + value + "\n";
}

}  // namespace

void TarWriter::put(std::string_view bytes) {
  sink_(bytes);
  written_ += bytes.size();
}

void TarWriter::pad() {
  static constexpr char zeros[block] = {};
  put({zeros, (block - written_ % block) % block});
}

void TarWriter::member(const TarHeader& header) {
  pad();
  Block entry;
  entry.text(name_field, header.path, "path");
  entry.number(mode_field, header.mode, "mode");
  entry.number(uid_field, header.uid, "uid");
  entry.number(gid_field, header.gid, "gid");
  entry.number(size_field, header.size, "size");
  entry.number(mtime_field, static_cast<std::uint64_t>(header.mtime), "mtime");
  entry.text(type_field, {&header.type, 1});
  entry.text(link_field, header.link, "linkpath");
  if (header.type == '3' || header.type == '4') {
    // PAX has no record for these.
    if (octal(header.device_major).size() > 7 || octal(header.device_minor).size() > 7)
      throw Error("the device \"" + text::printable(header.path) +
                  "\" has a number that tar cannot hold");
    entry.number(major_field, header.device_major, "");
    entry.number(minor_field, header.device_minor, "");
  }
  for (const auto& [name, value] : header.xattrs) entry.records["SCHILY.xattr." + name] = value;

  if (!entry.records.empty()) {
    std::string body;
    for (const auto& [key, value] : entry.records) body += format_record(key, value);
    Block extended;
    extended.text(name_field, "PaxHeaders/rtfx");
    extended.number(mode_field, 0644, "");
    for (const Field field : {uid_field, gid_field, mtime_field}) extended.number(field, 0, "");
    extended.number(size_field, body.size(), "");
    extended.text(type_field, "x");
    put(extended.finish());
    put(body);
    pad();
  }
  put(entry.finish());
}

void TarWriter::content(std::string_view bytes) { put(bytes); }

void TarWriter::finish() {
  pad();
  static constexpr char end[2 * block] = {};
  put({end, sizeof end});
}

}  // namespace rtfx::oci
