// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/canonical_layer.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/oci/canonical_tar.hpp"
#include "harness/oci/store_writer.hpp"
#include "harness/oci/tar_reader.hpp"

namespace rtfx::oci {

namespace {

/// The contents of the layer's files, in a file without a name.
class Contents {
 public:
  explicit Contents(const fs::path& directory)
      : fd_(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)) {
    if (fd_) return;
    // Not every file system has files without a name.
    std::string name = (directory / ".layer.XXXXXX").string();
    fd_ = FileDescriptor(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd_) throw system_error("making a temporary file in " + directory.string(), errno);
    ::unlink(name.c_str());
  }

  /// Room for so many bytes, which are zero until they are written; returns where it starts.
  std::uint64_t reserve(std::uint64_t size) {
    // A sparse file can claim any size; no layer that anybody wants has this much.
    constexpr std::uint64_t most = std::uint64_t(1) << 40;
    if (size > most || end_ > most - size) throw Error("its files have more than 1 TiB");
    const std::uint64_t start = end_;
    end_ += size;
    if (::ftruncate(fd_.get(), static_cast<off_t>(end_)) != 0)
      throw system_error("growing the temporary file of a layer", errno);
    return start;
  }
  void write(std::uint64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t done =
          ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) throw system_error("writing the temporary file of a layer", errno);
      bytes.remove_prefix(static_cast<std::size_t>(done));
      offset += static_cast<std::uint64_t>(done);
    }
  }
  void copy(std::uint64_t offset, std::uint64_t size, TarWriter& to) {
    while (size > 0) {
      const std::size_t wanted =
          static_cast<std::size_t>(std::min<std::uint64_t>(size, buffer_.size()));
      const ssize_t got = ::pread(fd_.get(), buffer_.data(), wanted, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw system_error("reading the temporary file of a layer", errno);
      if (got == 0) throw Error("the temporary file of a layer ends early");
      to.content({buffer_.data(), static_cast<std::size_t>(got)});
      offset += static_cast<std::uint64_t>(got);
      size -= static_cast<std::uint64_t>(got);
    }
  }

 private:
  FileDescriptor fd_;
  std::uint64_t end_ = 0;
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
};

/// What one or several paths of the layer name.
struct Node {
  TarHeader header;
  std::uint64_t content = 0;  ///< where it starts in Contents
  std::string first_path;     ///< under which it was written
};

/// "a/b" for "./a//b/": relative, without empty parts. Throws Error for "..".
std::string normalise(std::string_view path) {
  std::string result;
  for (const std::string& part : text::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..")
      throw Error("the member \"" + text::printable(path) + "\" could leave the tree");
    if (!result.empty()) result += '/';
    result += part;
  }
  return result;
}

/// Sorting by this puts parents before what is in them, all of a directory together, and the whiteouts of a directory
/// first: some readers let them hide files of their own layer that came before.
std::string sort_key(const std::string& path) {
  std::string key;
  if (path.empty()) return key;
  for (const std::string& part : text::split(path, '/')) {
    key += '\0';
    key += part.starts_with(".wh.") ? '\1' : '\2';
    key += part;
  }
  return key;
}

/// The members of a layer, as they are after all of them were unpacked.
class Members {
 public:
  void add(const std::string& path, Node node) {
    make_room(path, node.header.type == '5');
    nodes_.push_back(std::move(node));
    names_.insert_or_assign(sort_key(path), Name{path, nodes_.size() - 1});
  }
  void add_hard_link(const std::string& path, const std::string& target, Node node) {
    const auto found = names_.find(sort_key(target));
    if (found == names_.end() || nodes_[found->second.node].header.type == '5') {
      // It names a file of a layer below.
      node.header.type = '1';
      node.header.link = target;
      add(path, std::move(node));
      return;
    }
    const std::size_t index = found->second.node;
    if (path == target) return;
    make_room(path, false);
    names_.insert_or_assign(sort_key(path), Name{path, index});
  }

  void write(TarWriter& out, Contents& contents, std::int64_t timestamp,
             const std::stop_token& stop) {
    for (const auto& [key, name] : names_) {
      if (stop.stop_requested()) throw Error("cancelled", ExitCode::interrupted);
      Node& node = nodes_[name.node];
      TarHeader header = node.header;
      header.path = name.path.empty() ? "." : name.path;
      header.mtime = timestamp;
      if (header.type == '5') header.path += '/';
      if (!node.first_path.empty()) {
        header.type = '1';
        header.link = node.first_path;
        header.size = 0;
        header.xattrs.clear();
      }
      out.member(header);
      if (header.type == '0') contents.copy(node.content, header.size, out);
      if (node.first_path.empty()) node.first_path = name.path;
    }
  }

 private:
  struct Name {
    std::string path;
    std::size_t node;
  };

  /// Whatever replaces a directory by something else removes what was in it.
  void make_room(const std::string& path, bool directory) {
    const std::string key = sort_key(path);
    const auto found = names_.find(key);
    if (directory || found == names_.end() || nodes_[found->second.node].header.type != '5') return;
    const std::string inside = key + '\0';
    auto last = names_.lower_bound(inside);
    const auto first = last;
    while (last != names_.end() && last->first.starts_with(inside)) ++last;
    names_.erase(first, last);
  }

  std::vector<Node> nodes_;
  std::map<std::string, Name> names_;
};

char type_flag(const TarMember& member) {
  switch (member.type) {
    case 'f':
      return '0';
    case 'h':
      return '1';
    case 'l':
      return '2';
    case 'c':
      return '3';
    case 'b':
      return '4';
    case 'd':
      return '5';
    case 'p':
      return '6';
  }
  throw Error("\"" + text::printable(member.path) + "\" is of a type that layers do not have");
}

std::uint64_t owner(std::int64_t id, const TarMember& member) {
  if (id < 0) throw Error("\"" + text::printable(member.path) + "\" has a negative owner");
  return static_cast<std::uint64_t>(id);
}

Node node_of(TarMember& member) {
  Node node;
  TarHeader& header = node.header;
  header.type = type_flag(member);
  header.mode = member.mode & 07777;
  header.uid = owner(member.uid, member);
  header.gid = owner(member.gid, member);
  if (member.type == 'f') header.size = member.size;
  if (member.type == 'l') header.link = member.target;
  if (member.type == 'c' || member.type == 'b') {
    header.device_major = member.device_major;
    header.device_minor = member.device_minor;
  }
  header.xattrs = std::move(member.xattrs);
  return node;
}

void keep_content(TarReader& reader, Node& node, Contents& contents) {
  node.content = contents.reserve(node.header.size);
  std::uint64_t done = 0;
  reader.read([&](std::string_view bytes) {
    if (bytes.size() > node.header.size - done)
      throw Error("a member has more bytes than its size");
    contents.write(node.content + done, bytes);
    done += bytes.size();
  });
  // What a sparse file has at its end stays zero.
}

Members read_members(const fs::path& file, Contents& contents, const std::stop_token& stop) {
  const FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw system_error("reading " + file.string(), errno);
  TarReader reader(fd.get(), stop);
  Members members;
  TarMember member;
  while (reader.next(member)) {
    const std::string path = normalise(member.path);
    Node node = node_of(member);
    if (path.empty() && member.type != 'd')
      throw Error("damaged archive: its root is not a directory");
    if (member.type == 'h') {
      members.add_hard_link(path, normalise(member.target), std::move(node));
      continue;
    }
    if (member.type == 'f') keep_content(reader, node, contents);
    members.add(path, std::move(node));
  }
  return members;
}

/// gzip as zlib has it without being told more: no name, no time.
class Gzip {
 public:
  explicit Gzip(BlobWriter& out) : out_(out) {
    constexpr int gzip_format = 15 + 16, memory_level = 8;
    if (::deflateInit2(&stream_, level, Z_DEFLATED, gzip_format, memory_level,
                       Z_DEFAULT_STRATEGY) != Z_OK)
      throw Error("compressing a layer: out of memory");
  }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() { ::deflateEnd(&stream_); }

  void write(std::string_view bytes) { deflate(bytes, Z_NO_FLUSH); }
  void finish() { deflate({}, Z_FINISH); }

 private:
  // Layers are compressed once and read often, but a build waits for it.
  static constexpr int level = 6;

  void deflate(std::string_view bytes, int flush) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      ::deflate(&stream_, flush);
      out_.write({buffer_.data(), buffer_.size() - stream_.avail_out});
    } while (stream_.avail_out == 0);
  }

  BlobWriter& out_;
  z_stream stream_{};
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
};

}  // namespace

CanonicalLayer canonicalize_layer(const Store& from, const Descriptor& layer, Store& to,
                                  std::int64_t timestamp, std::stop_token stop) {
  return in_context("layer " + layer.digest.str(), [&] {
    Contents contents(to.directory());
    Members members = read_members(from.blob_path(layer), contents, stop);
    BlobWriter blob(to);
    Gzip gzip(blob);
    Hasher diff_id;
    TarWriter tar([&](std::string_view bytes) {
      diff_id.update(bytes);
      gzip.write(bytes);
    });
    members.write(tar, contents, timestamp, stop);
    tar.finish();
    gzip.finish();
    return CanonicalLayer{blob.finish("application/vnd.oci.image.layer.v1.tar+gzip"),
                          diff_id.finish()};
  });
}

}  // namespace rtfx::oci
