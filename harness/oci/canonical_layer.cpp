// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/canonical_layer.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <locale.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/oci/canonical_tar.hpp"
#include "harness/oci/store_writer.hpp"

namespace rtfx::oci {

namespace {

/// libarchive converts names to the locale's characters, and in UTF-8 locales it normalises them: two files could
/// become one. In the "C" locale it gives up with a warning and keeps the bytes.
class BytesLocale {
 public:
  BytesLocale()
      : locale_(::newlocale(LC_CTYPE_MASK, "C", static_cast<locale_t>(nullptr))),
        before_(::uselocale(locale_)) {}
  BytesLocale(const BytesLocale&) = delete;
  BytesLocale& operator=(const BytesLocale&) = delete;
  ~BytesLocale() {
    ::uselocale(before_);
    ::freelocale(locale_);
  }

 private:
  locale_t locale_, before_;
};

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
      node.first_path = name.path;
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

struct FreeReader {
  void operator()(struct archive* reader) const { ::archive_read_free(reader); }
};
using Reader = std::unique_ptr<struct archive, FreeReader>;

/// A warning about characters is what BytesLocale asks for; any other one means that something was lost.
void check(int status, struct archive* reader) {
  if (status == ARCHIVE_OK) return;
  const char* message = ::archive_error_string(reader);
  const std::string reason = message == nullptr ? "unknown reason" : message;
  if (status == ARCHIVE_WARN && reason.find("can't be converted") != std::string::npos) return;
  throw Error("damaged archive: " + text::printable(reason));
}

Reader open_layer(const fs::path& file) {
  Reader reader(::archive_read_new());
  if (reader == nullptr) throw Error("out of memory");
  ::archive_read_support_filter_gzip(reader.get());
  ::archive_read_support_filter_zstd(reader.get());
  ::archive_read_support_format_tar(reader.get());
  ::archive_read_support_format_empty(reader.get());
  check(::archive_read_open_filename(reader.get(), file.c_str(), 256 * 1024), reader.get());
  return reader;
}

char type_flag(struct archive_entry* entry, const std::string& path) {
  switch (::archive_entry_filetype(entry)) {
    case AE_IFREG:
      return '0';
    case AE_IFLNK:
      return '2';
    case AE_IFCHR:
      return '3';
    case AE_IFBLK:
      return '4';
    case AE_IFDIR:
      return '5';
    case AE_IFIFO:
      return '6';
    default:
      throw Error("\"" + text::printable(path) + "\" is of a type that layers do not have");
  }
}

std::uint64_t owner(la_int64_t id, const std::string& path) {
  if (id < 0) throw Error("\"" + text::printable(path) + "\" has a negative owner");
  return static_cast<std::uint64_t>(id);
}

Node read_node(struct archive_entry* entry, const std::string& path, bool hard_link) {
  Node node;
  TarHeader& header = node.header;
  header.type = hard_link ? '1' : type_flag(entry, path);
  header.mode = ::archive_entry_perm(entry) & 07777;
  header.uid = owner(::archive_entry_uid(entry), path);
  header.gid = owner(::archive_entry_gid(entry), path);
  if (header.type == '2') {
    const char* target = ::archive_entry_symlink(entry);
    header.link = target == nullptr ? "" : target;
  }
  if (header.type == '3' || header.type == '4') {
    header.device_major = static_cast<std::uint64_t>(::archive_entry_rdevmajor(entry));
    header.device_minor = static_cast<std::uint64_t>(::archive_entry_rdevminor(entry));
  }
  ::archive_entry_xattr_reset(entry);
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  while (::archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
    header.xattrs[name] = std::string(static_cast<const char*>(value), size);
  return node;
}

void read_content(struct archive* reader, struct archive_entry* entry, Node& node,
                  Contents& contents) {
  const la_int64_t declared = ::archive_entry_size(entry);
  if (declared < 0) throw Error("a member has a negative size");
  node.header.size = static_cast<std::uint64_t>(declared);
  node.content = contents.reserve(node.header.size);
  const void* block = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  for (;;) {
    const int status = ::archive_read_data_block(reader, &block, &size, &offset);
    if (status == ARCHIVE_EOF) return;
    check(status, reader);
    if (offset < 0 || size > node.header.size ||
        static_cast<std::uint64_t>(offset) > node.header.size - size)
      throw Error("a member has more bytes than its size");
    // What is between the blocks of a sparse file stays zero.
    contents.write(node.content + static_cast<std::uint64_t>(offset),
                   {static_cast<const char*>(block), size});
  }
}

Members read_members(const fs::path& file, Contents& contents, const std::stop_token& stop) {
  const BytesLocale bytes_locale;
  const Reader reader = open_layer(file);
  Members members;
  for (;;) {
    if (stop.stop_requested()) throw Error("cancelled", ExitCode::interrupted);
    struct archive_entry* entry = nullptr;
    const int status = ::archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) return members;
    check(status, reader.get());
    const char* name = ::archive_entry_pathname(entry);
    if (name == nullptr) throw Error("damaged archive: a member has no name");
    const std::string path = normalise(name);
    const char* target = ::archive_entry_hardlink(entry);
    Node node = read_node(entry, path, target != nullptr);
    if (path.empty() && node.header.type != '5')
      throw Error("damaged archive: its root is not a directory");
    if (target != nullptr) {
      members.add_hard_link(path, normalise(target), std::move(node));
      continue;
    }
    if (node.header.type == '0') read_content(reader.get(), entry, node, contents);
    members.add(path, std::move(node));
  }
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
