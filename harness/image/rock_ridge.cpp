// SPDX-License-Identifier: Apache-2.0
#include "harness/image/rock_ridge.hpp"

#include <algorithm>
#include <ctime>

#include "harness/disk/bytes.hpp"
#include "harness/image/nodes.hpp"

namespace rtfx::image {

namespace {

constexpr std::size_t block = 2048, continuation_size = 28;

std::string field(std::string_view signature, const std::string& body) {
  return std::string(signature) + static_cast<char>(body.size() + 4) + '\1' + body;
}

/// Pieces of a name of which each fits into one field.
void add_name(std::string_view name, std::vector<std::string>& fields) {
  constexpr std::size_t most = 250;
  do {
    const std::string_view piece = name.substr(0, most);
    name.remove_prefix(piece.size());
    fields.push_back(field("NM", std::string(1, name.empty() ? '\0' : '\1') + std::string(piece)));
  } while (!name.empty());
}

/// The components of a path, each with its flags and length; a long one in pieces.
std::vector<std::string> components(std::string_view target) {
  constexpr char continues = 1, current = 2, parent = 4, root = 8;
  constexpr std::size_t most = 248;
  std::vector<std::string> all;
  if (target.starts_with('/')) all.push_back({root, '\0'});
  while (!target.empty()) {
    const std::size_t slash = std::min(target.find('/'), target.size());
    std::string_view name = target.substr(0, slash);
    target.remove_prefix(std::min(slash + 1, target.size()));
    if (name == ".") {
      all.push_back({current, '\0'});
    } else if (name == "..") {
      all.push_back({parent, '\0'});
    } else {
      while (!name.empty()) {
        const std::string_view piece = name.substr(0, most);
        name.remove_prefix(piece.size());
        all.push_back(
            std::string{name.empty() ? '\0' : continues, static_cast<char>(piece.size())} +
            std::string(piece));
      }
    }
  }
  return all;
}

void add_target(std::string_view target, std::vector<std::string>& fields) {
  constexpr std::size_t most = 250;
  std::vector<std::string> bodies(1);
  for (const std::string& component : components(target)) {
    if (bodies.back().size() + component.size() > most) bodies.emplace_back();
    bodies.back() += component;
  }
  for (std::size_t i = 0; i < bodies.size(); ++i)
    fields.push_back(field("SL", std::string(1, i + 1 < bodies.size() ? '\1' : '\0') + bodies[i]));
}

}  // namespace

std::string both_endian(std::uint32_t value) {
  disk::Bytes out;
  out.u32(value);
  std::string bytes = out.str();
  bytes.append(bytes.rbegin(), bytes.rend());
  return bytes;
}

std::string iso_time(std::int64_t seconds) {
  constexpr std::int64_t first = -2208988800, last = 5869583999;  // 1900 to 2155
  const std::time_t time = std::clamp(seconds, first, last);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::string bytes;
  for (const int part : {parts.tm_year, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                         parts.tm_min, std::min(parts.tm_sec, 59), 0})
    bytes += static_cast<char>(part);
  return bytes;
}

std::vector<std::string> rock_ridge_fields(const Inode& inode, std::string_view name,
                                           std::uint32_t links, std::uint32_t serial) {
  std::vector<std::string> fields;
  fields.push_back(field("PX", both_endian(stat_mode(inode)) + both_endian(links) +
                                   both_endian(inode.uid) + both_endian(inode.gid) +
                                   both_endian(serial)));
  constexpr char modified_accessed_changed = 0x0e;
  const std::string time = iso_time(inode.mtime);
  fields.push_back(field("TF", std::string(1, modified_accessed_changed) + time + time + time));
  if (!name.empty()) add_name(name, fields);
  if (inode.type == FileType::character_device || inode.type == FileType::block_device) {
    // In the lower half, as Linux expects it.
    fields.push_back(field("PN", both_endian(0) + both_endian(device_number(inode))));
  }
  if (inode.type == FileType::symlink) add_target(inode.target, fields);
  return fields;
}

std::string susp_start() { return field("SP", std::string("\xbe\xef\0", 3)); }

std::string rock_ridge_reference() {
  const std::string id = "IEEE_1282",
                    text =
                        "THE IEEE 1282 PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS",
                    source =
                        "PLEASE CONTACT THE IEEE STANDARDS DEPARTMENT, PISCATAWAY, NJ, USA FOR THE "
                        "1282 SPECIFICATION";
  std::string body;
  for (const std::string& part : {id, text, source}) body += static_cast<char>(part.size());
  return field("ER", body + '\1' + id + text + source);
}

std::string continuation_field(std::uint32_t lba, std::uint32_t offset, std::uint32_t size) {
  return field("CE", both_endian(lba) + both_endian(offset) + both_endian(size));
}

std::string place_fields(const std::vector<std::string>& fields, std::size_t room,
                         std::string& continuation, std::uint32_t lba) {
  std::size_t total = 0;
  for (const std::string& one : fields) total += one.size();
  std::string record;
  std::size_t next = 0;
  if (total <= room) {
    for (const std::string& one : fields) record += one;
    return record;
  }
  while (record.size() + fields[next].size() + continuation_size <= room) record += fields[next++];

  // Each area ends with where the next one is, which is filled in when that one is there.
  std::string* before = &record;
  std::size_t before_at = record.size();
  record.append(continuation_size, '\0');
  while (next < fields.size()) {
    // At least one field and the one that leads on must fit.
    if (block - continuation.size() % block < fields[next].size() + continuation_size)
      continuation.resize((continuation.size() / block + 1) * block, '\0');
    const std::size_t start = continuation.size();
    const std::size_t end = (start / block + 1) * block;
    while (next < fields.size() &&
           continuation.size() + fields[next].size() + continuation_size <= end)
      continuation += fields[next++];
    const std::size_t leads_on_at = continuation.size();
    if (next < fields.size()) continuation.append(continuation_size, '\0');
    before->replace(before_at, continuation_size,
                    continuation_field(lba + static_cast<std::uint32_t>(start / block),
                                       static_cast<std::uint32_t>(start % block),
                                       static_cast<std::uint32_t>(continuation.size() - start)));
    before = &continuation;
    before_at = leads_on_at;
  }
  return record;
}

}  // namespace rtfx::image
