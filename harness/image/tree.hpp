// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/image/paths.hpp"
#include "harness/image/spool.hpp"

namespace rtfx::image {

/// Modification time of everything that no image brings along: 2017-04-18T16:30:00Z, as in
/// linuxkit's images.
inline constexpr std::int64_t generated_mtime = 1492533000;

enum class FileType { regular, directory, symlink, character_device, block_device, fifo };

/// What a file is, without its names.
struct Inode {
  FileType type = FileType::regular;
  unsigned mode = 0644;  ///< permission bits, setuid, setgid and sticky
  std::uint32_t uid = 0, gid = 0;
  std::int64_t mtime = generated_mtime;  ///< seconds since 1970
  std::string target;                    ///< of a symlink
  std::uint32_t device_major = 0, device_minor = 0;
  Extent data;  ///< of a regular file
  std::map<std::string, std::string> xattrs;
  std::uint32_t origin = 0;  ///< index into Tree::origins()
};

/// Where an entry comes from: location "onboot[0]", source the reference of an image or
/// "linuxkit.files".
struct Origin {
  std::string location, source;
  std::string manifest{};  ///< "amd64 sha256:...": which image the source was; empty: it is no image
  bool replaces = false;   ///< there was something else before
};

/// A file system as a table: path -> inode. Contents are in a Spool. Iteration is sorted and has
/// parents before children. Symbolic links in the middle of a path are followed inside the tree;
/// nothing here touches a real file system.
class Tree {
 public:
  struct Entry {
    std::uint32_t inode = 0;
    int layer = 0;  ///< the layer of its image that it is from
  };
  using Entries = std::map<std::string, Entry, PathLess>;

  const Entries& entries() const { return entries_; }
  const Inode& inode(const Entry& entry) const { return inodes_[entry.inode]; }
  const Inode* find(std::string_view path) const;
  const std::vector<Origin>& origins() const { return origins_; }
  std::uint32_t add_origin(Origin origin);

  /// For reading back a tree that was written down: inodes in order, then names in order.
  void append(Inode inode) { add_inode(std::move(inode)); }
  void name(std::string path, Entry entry) {
    entries_.emplace_hint(entries_.end(), std::move(path), entry);
  }

  /// Puts an entry at a normalised path, as unpacking a layer does: a directory over a directory
  /// changes its attributes, anything else replaces what was there with everything below. Missing
  /// parents are made. Throws Error when a parent is not a directory.
  void put(std::string_view path, Inode inode, int layer = 0);
  /// Gives the inode of `target` a further name. Throws Error when there is no such file.
  void link(std::string_view path, std::string_view target, int layer = 0);
  /// Removes the entry and all below it, as far as they are from layers before `layer`.
  void whiteout(std::string_view path, int layer);
  /// Removes what is below the directory, as far as it is from layers before `layer`.
  void clear(std::string_view directory, int layer);
  void remove(std::string_view path);

  /// Adds all entries of `other` below `prefix`. In contrast to put(), two file systems grow
  /// together: a directory does not replace a symbolic link to a directory, and when a symbolic
  /// link meets a directory, the contents move to where the link points (bin -> usr/bin). Throws
  /// Error when anything else meets a directory that has contents.
  void merge(const Tree& other, std::string_view prefix, std::uint32_t origin);
  /// put() with the rules of merge().
  void merge_entry(std::string_view path, Inode inode);

  /// The path with symbolic links in its directories followed; the last name is not. It may not
  /// exist.
  std::string resolve_parents(std::string_view path) const;

 private:
  std::uint32_t add_inode(Inode inode);
  std::string resolve(std::string_view path, bool last) const;
  bool has_children(std::string_view path) const;
  void make_parents(std::string_view path, int layer, std::uint32_t origin);
  bool merge_over(const std::string& path, const Inode& inode);
  void move_contents(const std::string& from, const std::string& to);
  void erase_below(std::string_view path, int layer);

  Entries entries_;
  std::deque<Inode> inodes_;
  std::vector<Origin> origins_;
};

}  // namespace rtfx::image
