// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include "base/files.hpp"
#include "harness/image/image.hpp"
#include "harness/image/layout.hpp"
#include "harness/image/spool_file.hpp"

namespace rtfx::image {

namespace {

/// linuxkit's rule: who may do anything with the file may pass through the directories made for it.
unsigned passable(unsigned mode) {
  for (const unsigned bits : {0700U, 0070U, 0007U}) {
    if ((mode & bits) != 0) mode |= bits & 0111U;
  }
  return mode;
}

std::filesystem::path source_path(const std::string& source) {
  if (source.starts_with("~/"))
    return std::filesystem::path(environment("HOME", "/")) / source.substr(2);
  return source;
}

/// The bytes of a file of this host. nullopt: it cannot be read and is optional.
std::optional<Extent> spool_source(const FileSpec& file, Spool& spool) {
  const std::filesystem::path path = source_path(file.text);
  if (file.optional && ::access(path.c_str(), R_OK) != 0) return std::nullopt;
  return spool_file(path, spool);
}

void add_missing_parents(Tree& root, const std::string& path, const Inode& file) {
  const std::string parent(parent_of(path));
  if (parent.empty() || root.find(parent) != nullptr) return;
  add_missing_parents(root, parent, file);
  Inode directory;
  directory.type = FileType::directory;
  directory.mode = passable(file.mode);
  directory.uid = file.uid;
  directory.gid = file.gid;
  directory.origin = file.origin;
  root.put(parent, std::move(directory));
}

void add_file(const FileSpec& file, const ImageSpec& spec, Tree& root, Spool& spool,
              const std::set<std::string>& hidden, std::uint32_t origin) {
  using Kind = FileSpec::Kind;
  Inode inode;
  inode.origin = origin;
  inode.uid = resolve_id(file.uid, spec);
  inode.gid = resolve_id(file.gid, spec);
  inode.mode = file.mode.value_or(file.kind == Kind::directory ? 0700
                                  : file.kind == Kind::symlink ? 0777
                                                               : 0600);
  const std::string path = root.resolve_parents(file.path);
  switch (file.kind) {
    case Kind::directory: {
      inode.type = FileType::directory;
      const Inode* there = root.find(path);
      // Asking for a directory that is there changes nothing of it, unless a mode is asked for.
      if (there != nullptr && there->type == FileType::directory && !file.mode) return;
      break;
    }
    case Kind::symlink:
      inode.type = FileType::symlink;
      inode.target = file.text;
      break;
    case Kind::contents:
      inode.data = spool.add(file.text);
      break;
    case Kind::metadata:
      inode.data = spool.add(file.text == "json" ? merged_json(spec) : merged_yaml(spec));
      break;
    case Kind::source: {
      const auto data = spool_source(file, spool);
      if (!data) return;
      inode.data = *data;
      break;
    }
  }
  add_missing_parents(root, path, inode);
  if (root.find(path) != nullptr || hidden.contains(path)) {
    Origin origin_of_this = root.origins().at(origin);
    origin_of_this.replaces = true;
    inode.origin = root.add_origin(std::move(origin_of_this));
  }
  root.merge_entry(path, std::move(inode));
}

}  // namespace

void add_files(const ImageSpec& spec, Tree& root, Spool& spool,
               const std::set<std::string>& hidden) {
  for (std::size_t i = 0; i < spec.files.size(); ++i) {
    const FileSpec& file = spec.files[i];
    const std::string location = fmt::format("files[{}]", i);
    in_context(file.where.str() + ": " + location, [&] {
      add_file(file, spec, root, spool, hidden, root.add_origin({location, "linuxkit.files"}));
    });
  }
}

}  // namespace rtfx::image
