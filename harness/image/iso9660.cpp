// SPDX-License-Identifier: Apache-2.0
//
// Layout in blocks of 2048 bytes: 16 for the system (partition table), volume descriptors, boot catalogue, path tables,
// directories each with the Rock Ridge fields that do not fit into its records, files, EFI partition. Sizes are settled
// first, then everything is written in order.
#include "harness/image/iso9660.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <deque>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/disk/bytes.hpp"
#include "harness/image/iso_boot.hpp"
#include "harness/image/nodes.hpp"
#include "harness/image/rock_ridge.hpp"

namespace rtfx::image {

namespace {

using disk::Bytes;

constexpr std::uint64_t block = 2048, descriptors_at = 16;
/// Of one extent; larger files have several (ECMA-119, level 3).
constexpr std::uint64_t most_in_extent = 0xfffff800;
constexpr const char* fixed_date = "2017041816300000";

std::uint64_t blocks_of(std::uint64_t bytes) { return (bytes + block - 1) / block; }

/// A name of capitals, digits and underscores for those who do not know Rock Ridge, "NAME.EXT;1", another for each.
std::string identifier(std::string_view name, bool directory, std::set<std::string>& taken) {
  const auto cleaned = [](std::string_view part, std::size_t most) {
    std::string out(part.substr(0, most));
    for (char& c : out)
      c = std::isalnum(static_cast<unsigned char>(c)) != 0
              ? static_cast<char>(std::toupper(static_cast<unsigned char>(c)))
              : '_';
    return out;
  };
  const std::size_t dot = directory ? std::string_view::npos : name.rfind('.');
  const bool split = dot != std::string_view::npos && dot > 0;
  const std::string base = cleaned(split ? name.substr(0, dot) : name, 16);
  const std::string end =
      directory ? "" : "." + (split ? cleaned(name.substr(dot + 1), 3) : "") + ";1";
  std::string result = base + end;
  for (unsigned number = 1; !taken.insert(result).second; ++number)
    result = base + "_" + std::to_string(number) + end;
  return result;
}

class Writer {
 public:
  Writer(std::vector<Node> nodes, const Spool& spool, const IsoOptions& options, const Sink& sink,
         std::stop_token stop)
      : nodes_(std::move(nodes)),
        spool_(spool),
        options_(options),
        sink_(sink),
        stop_(std::move(stop)) {}

  void write() {
    add_boot_files();
    settle();
    put_at(0, system_area(boot_places(), options_.identity));
    put_at(descriptors_at, primary_descriptor());
    const std::uint64_t end_at = descriptors_at + (bootable() ? 2 : 1);
    const auto catalogue_at = static_cast<std::uint32_t>(end_at + 1);
    if (bootable()) put_at(descriptors_at + 1, boot_record(catalogue_at));
    put_at(end_at, std::string("\xff") + "CD001\1");
    if (bootable()) put_at(catalogue_at, boot_catalogue(boot_places()));
    put_at(path_tables_, path_table(false));
    put_at(path_tables_ + path_table_blocks_, path_table(true));
    for (const std::uint32_t number : directories_) {
      const Directory made = directory(number);
      put_at(lba_[number], made.records);
      put_at(lba_[number] + blocks_of(made.records.size()), made.continuation);
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) put_file(i);
    if (options_.efi_partition) {
      pad_to(efi_ * block);
      options_.efi_partition->copy_to([&](std::string_view bytes) { put(bytes); });
    }
    pad_to(total_ * block);
  }

 private:
  struct Directory {
    std::string records, continuation;
  };
  /// Files that are not of the tree.
  struct Extra {
    Inode inode;
    std::string data;
  };

  bool bootable() const { return options_.bios || options_.efi_partition; }
  BootPlaces boot_places() const {
    BootPlaces places;
    if (options_.bios) {
      places.bios = {options_.bios->boot_code, static_cast<std::uint32_t>(lba_[isolinux_])};
    }
    if (options_.efi_partition)
      places.efi = {static_cast<std::uint32_t>(efi_), options_.efi_partition->size};
    places.total_blocks = static_cast<std::uint32_t>(total_);
    return places;
  }

  void put(std::string_view bytes) {
    sink_(bytes);
    written_ += bytes.size();
  }
  void pad_to(std::uint64_t offset) {
    static const std::string zeros(64 * 1024, '\0');
    while (written_ < offset)
      put(std::string_view(zeros).substr(0,
                                         std::min<std::uint64_t>(offset - written_, zeros.size())));
  }
  void put_at(std::uint64_t lba, std::string_view bytes) {
    pad_to(lba * block);
    put(bytes);
    pad_to(blocks_of(written_) * block);
  }

  std::uint32_t add_node(std::uint32_t parent, std::string_view name, FileType type,
                         std::string data) {
    for (const auto& [known, number] : nodes_[parent].children) {
      if (known != name) continue;
      if (type == FileType::directory && nodes_[number].is_directory()) return number;
      throw Error("the image has a file " + std::string(name) + " where isolinux has to be");
    }
    Extra& extra = extras_.emplace_back();
    extra.inode.type = type;
    extra.inode.mode = type == FileType::directory ? 0755 : 0644;
    extra.inode.data.size = data.size();
    extra.data = std::move(data);
    const auto number = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({&extra.inode, parent, 1, {}});
    auto& children = nodes_[parent].children;
    children.insert(std::upper_bound(children.begin(), children.end(), std::pair{name, number}),
                    {name, number});
    return number;
  }
  const Extra* extra_of(const Node& node) const {
    for (const Extra& extra : extras_) {
      if (&extra.inode == node.inode) return &extra;
    }
    return nullptr;
  }

  void add_boot_files() {
    if (!options_.bios) return;
    const std::uint32_t folder = add_node(0, "isolinux", FileType::directory, "");
    isolinux_ = add_node(folder, "isolinux.bin", FileType::regular, options_.bios->isolinux);
    add_node(folder, "isolinux.cfg", FileType::regular, options_.bios->config);
    add_node(folder, "ldlinux.c32", FileType::regular, options_.bios->ldlinux);
  }

  std::string record(std::uint32_t number, std::string_view id,
                     const std::vector<std::string>& fields, std::string& continuation,
                     std::uint32_t continuation_lba, std::uint64_t section,
                     std::size_t prefix_room) const {
    const Node& node = nodes_[number];
    const bool regular = node.inode->type == FileType::regular;
    std::uint64_t size = node.is_directory() ? sizes_[number] : regular ? node.inode->data.size : 0;
    const std::uint64_t skipped = section * most_in_extent;
    const bool more = size - skipped > most_in_extent;
    size = more ? most_in_extent : size - skipped;
    std::string head;
    head += both_endian(static_cast<std::uint32_t>(lba_[number] + skipped / block));
    head += both_endian(static_cast<std::uint32_t>(size)) + iso_time(node.inode->mtime);
    head += static_cast<char>((node.is_directory() ? 2 : 0) | (more ? 0x80 : 0));
    head += std::string("\0\0\1\0\0\1", 6) + static_cast<char>(id.size()) + std::string(id);
    if (id.size() % 2 == 0) head += '\0';
    const std::size_t room = 254 - (2 + head.size()) - prefix_room;
    std::string tail = place_fields(fields, room, continuation, continuation_lba);
    if (prefix_room > 0) tail = susp_start() + tail;
    std::string whole = std::string(2, '\0') + head + tail;
    if (whole.size() % 2 == 1) whole += '\0';
    whole[0] = static_cast<char>(whole.size());
    return whole;
  }

  /// As it is on the medium, once lba_ and sizes_ are right; its sizes are always right.
  Directory directory(std::uint32_t number) const {
    const Node& node = nodes_[number];
    const auto continuation_lba =
        static_cast<std::uint32_t>(lba_[number] + blocks_of(sizes_[number]));
    Directory made;
    const auto add = [&](const std::string& bytes) {
      if (made.records.size() % block + bytes.size() > block)
        made.records.resize(blocks_of(made.records.size()) * block, '\0');
      made.records += bytes;
    };
    const auto fields_of = [&](std::uint32_t of, std::string_view name) {
      return rock_ridge_fields(*nodes_[of].inode, name, link_count(nodes_, nodes_[of]), of + 1);
    };
    auto own = fields_of(number, "");
    if (number == 0) own.push_back(rock_ridge_reference());
    add(record(number, std::string_view("\0", 1), own, made.continuation, continuation_lba, 0,
               number == 0 ? susp_start().size() : 0));
    add(record(node.parent, "\1", fields_of(node.parent, ""), made.continuation, continuation_lba,
               0, 0));
    for (const auto& [id, child] : identifiers(node)) {
      const std::uint64_t size = nodes_[child.second].inode->type == FileType::regular
                                     ? nodes_[child.second].inode->data.size
                                     : 0;
      std::uint64_t section = 0;
      do {
        add(record(child.second, id, fields_of(child.second, child.first), made.continuation,
                   continuation_lba, section, 0));
      } while (++section * most_in_extent < size);
    }
    made.records.resize(blocks_of(made.records.size()) * block, '\0');
    return made;
  }

  using Child = std::pair<std::string_view, std::uint32_t>;
  std::vector<std::pair<std::string, Child>> identifiers(const Node& node) const {
    std::set<std::string> taken;
    std::vector<std::pair<std::string, Child>> all;
    for (const Child& child : node.children)
      all.emplace_back(identifier(child.first, nodes_[child.second].is_directory(), taken), child);
    std::sort(all.begin(), all.end());
    return all;
  }

  /// Directories level by level, as path tables have them.
  void list_directories() {
    directories_ = {0};
    for (std::size_t i = 0; i < directories_.size(); ++i) {
      const std::uint32_t parent = directories_[i];
      for (const auto& [id, child] : identifiers(nodes_[parent])) {
        if (!nodes_[child.second].is_directory()) continue;
        directories_.push_back(child.second);
        directory_ids_.push_back({id, i + 1});
      }
    }
  }

  std::string path_table(bool big_endian) const {
    std::string table;
    for (std::size_t i = 0; i < directories_.size(); ++i) {
      const std::string id = i == 0 ? std::string(1, '\0') : directory_ids_[i - 1].id;
      // Linux and isolinux do not read these tables; their format ends at 65535 directories.
      const std::size_t parent =
          i == 0 ? 1 : std::min<std::size_t>(directory_ids_[i - 1].parent, 65535);
      Bytes numbers;
      numbers.u32(static_cast<std::uint32_t>(lba_[directories_[i]]))
          .u16(static_cast<std::uint16_t>(parent));
      std::string place = numbers.str().substr(0, 4), above = numbers.str().substr(4);
      if (big_endian) {
        std::reverse(place.begin(), place.end());
        std::reverse(above.begin(), above.end());
      }
      table += std::string{static_cast<char>(id.size()), '\0'} + place + above + id;
      if (id.size() % 2 == 1) table += '\0';
    }
    return table;
  }

  void settle() {
    lba_.resize(nodes_.size());
    sizes_.resize(nodes_.size());
    list_directories();
    std::uint64_t next = descriptors_at + (bootable() ? 4 : 2);
    path_tables_ = next;
    path_table_size_ = path_table(false).size();
    path_table_blocks_ = blocks_of(path_table_size_);
    next += 2 * path_table_blocks_;
    for (const std::uint32_t number : directories_) {
      const Directory made = directory(number);
      lba_[number] = next;
      sizes_[number] = made.records.size();
      next += blocks_of(made.records.size()) + blocks_of(made.continuation.size());
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].is_directory()) continue;
      lba_[i] = next;
      if (nodes_[i].inode->type == FileType::regular) next += blocks_of(nodes_[i].inode->data.size);
    }
    constexpr std::uint64_t unit = (1 << 20) / block;  // discs have no geometry, disks need some
    if (options_.efi_partition) {
      efi_ = (next + unit - 1) / unit * unit;
      next = efi_ + blocks_of(options_.efi_partition->size);
    }
    total_ = (next + unit - 1) / unit * unit;
    if (total_ > 0xffffffff) throw Error("the root file system needs more than 8 TiB");
  }

  std::string primary_descriptor() const {
    const auto padded = [](std::string text, std::size_t size) {
      text.resize(size, ' ');
      return text;
    };
    const auto both16 = [](unsigned value) {
      const auto low = static_cast<char>(value), high = static_cast<char>(value >> 8U);
      return std::string{low, high, high, low};
    };
    std::string unused;
    std::string root = record(0, std::string_view("\0", 1), {}, unused, 0, 0, 0);
    Bytes out;
    out.u8(1).text("CD001").u8(1).u8(0).text(padded("LINUX", 32)).text(padded("RTFX", 32)).zeros(8);
    out.text(both_endian(static_cast<std::uint32_t>(total_))).zeros(32);
    out.text(both16(1)).text(both16(1)).text(both16(block));
    out.text(both_endian(static_cast<std::uint32_t>(path_table_size_)));
    out.u32(static_cast<std::uint32_t>(path_tables_)).u32(0);
    out.text(both_endian(static_cast<std::uint32_t>(path_tables_ + path_table_blocks_)).substr(4))
        .u32(0);
    out.text(root)
        .text(padded("", 128))
        .text(padded("", 128))
        .text(padded("", 128))
        .text(padded("RTFX", 128));
    out.text(padded("", 37)).text(padded("", 37)).text(padded("", 37));
    for (const char* date : {fixed_date, fixed_date, "0000000000000000", fixed_date})
      out.text(date).u8(0);
    return out.u8(1).fill(block).str();
  }

  void put_file(std::size_t number) {
    const Node& node = nodes_[number];
    if (node.inode->type != FileType::regular || node.inode->data.size == 0) return;
    if (stop_.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
    pad_to(lba_[number] * block);
    if (const Extra* extra = extra_of(node)) {
      put(number == isolinux_
              ? with_boot_information(extra->data, static_cast<std::uint32_t>(lba_[number]))
              : extra->data);
    } else {
      spool_.copy_to(node.inode->data, [&](std::string_view bytes) { put(bytes); });
    }
    pad_to(blocks_of(written_) * block);
  }

  struct DirectoryId {
    std::string id;
    std::size_t parent;  ///< its number in the path table
  };

  std::vector<Node> nodes_;
  const Spool& spool_;
  const IsoOptions& options_;
  const Sink& sink_;
  std::stop_token stop_;
  std::deque<Extra> extras_;
  std::uint32_t isolinux_ = 0;
  std::vector<std::uint32_t> directories_;
  std::vector<DirectoryId> directory_ids_;  // of all but the root
  std::vector<std::uint64_t> lba_, sizes_;
  std::uint64_t path_tables_ = 0, path_table_size_ = 0, path_table_blocks_ = 0, efi_ = 0,
                total_ = 0, written_ = 0;
};

}  // namespace

std::vector<std::string> write_iso(const Tree& tree, const Spool& spool, const IsoOptions& options,
                                   const Sink& sink, std::stop_token stop) {
  std::vector<std::string> warnings;
  for (const auto& [path, entry] : tree.entries()) {
    if (options.wanted && !options.wanted(path)) continue;
    std::vector<std::string> names;
    for (const auto& [name, value] : tree.inode(entry).xattrs)
      names.push_back(text::printable(name));
    if (!names.empty())
      warnings.push_back("/" + text::printable(path) +
                         ": an ISO cannot hold its extended attributes (" +
                         text::join(names, ", ") + ")");
  }
  Writer(index_nodes(tree, options.wanted), spool, options, sink, std::move(stop)).write();
  return warnings;
}

}  // namespace rtfx::image
