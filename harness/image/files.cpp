// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/files.hpp"
#include "harness/image/image.hpp"
#include "harness/image/layout.hpp"

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
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd && file.optional) return std::nullopt;
  if (!fd) throw system_error("reading " + path.string(), errno);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw system_error("reading " + path.string(), errno);
  if (!S_ISREG(status.st_mode)) throw Error(path.string() + " is not a regular file");
  const Extent extent = spool.reserve(static_cast<std::uint64_t>(status.st_size));
  std::vector<char> buffer(256 * 1024);
  std::uint64_t done = 0;
  while (done < extent.size) {
    const ssize_t got =
        ::read(fd.get(), buffer.data(), std::min<std::uint64_t>(buffer.size(), extent.size - done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("reading " + path.string(), errno);
    if (got == 0) throw Error(path.string() + " became shorter while it was read");
    spool.write_at(extent.offset + done, {buffer.data(), static_cast<std::size_t>(got)});
    done += static_cast<std::uint64_t>(got);
  }
  return extent;
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
              std::uint32_t origin) {
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
  root.merge_entry(path, std::move(inode));
}

}  // namespace

void add_files(const ImageSpec& spec, Tree& root, Spool& spool) {
  for (std::size_t i = 0; i < spec.files.size(); ++i) {
    const FileSpec& file = spec.files[i];
    const std::string location = fmt::format("files[{}]", i);
    in_context(file.where.str() + ": " + location, [&] {
      add_file(file, spec, root, spool, root.add_origin({location, "linuxkit.files"}));
    });
  }
}

}  // namespace rtfx::image
