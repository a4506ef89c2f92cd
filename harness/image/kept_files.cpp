// SPDX-License-Identifier: Apache-2.0
#include "harness/image/kept_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <tuple>
#include <vector>

#include "base/error.hpp"

namespace rtfx::image {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t digest_size = 64;  // hex digits
constexpr std::size_t buffer_size = 256 * 1024;

/// A file without a name in the folder; none when that is not possible there.
FileDescriptor unnamed_in(const fs::path& folder) {
  return FileDescriptor(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0644));
}

bool read_exactly(int fd, std::uint64_t offset, char* to, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::pread(fd, to, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    offset += static_cast<std::uint64_t>(got);
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool is_sound(int fd, std::uint64_t size) {
  Hasher hasher;
  std::vector<char> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(size, buffer_size)));
  for (std::uint64_t at = 0; at < size;) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size - at));
    if (!read_exactly(fd, at, buffer.data(), part)) return false;
    hasher.update({buffer.data(), part});
    at += part;
  }
  std::string expected(digest_size, '\0');
  return read_exactly(fd, size, expected.data(), digest_size) && hasher.finish().hex() == expected;
}

}  // namespace

KeptFiles::KeptFiles(fs::path folder, fs::path scratch, std::uint64_t most_bytes)
    : folder_(std::move(folder)), scratch_(std::move(scratch)), most_bytes_(most_bytes) {}

fs::path KeptFiles::path_of(const Digest& key) const { return folder_ / key.hex(); }

bool KeptFiles::has(const Digest& key) const {
  return !folder_.empty() && ::access(path_of(key).c_str(), R_OK) == 0;
}

std::optional<KeptFile> KeptFiles::find(const Digest& key) const {
  if (folder_.empty()) return std::nullopt;
  const fs::path path = path_of(key);
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return std::nullopt;
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  const auto whole = static_cast<std::uint64_t>(status.st_size);
  if (whole < digest_size || !is_sound(fd.get(), whole - digest_size)) {
    ::unlink(path.c_str());
    return std::nullopt;
  }
  ::futimens(fd.get(), nullptr);  // what was used last goes last
  return KeptFile{std::move(fd), whole - digest_size};
}

KeptFiles::Draft KeptFiles::start() const {
  if (folder_.empty()) return start_elsewhere();
  std::error_code error;
  fs::create_directories(folder_, error);
  Draft draft;
  draft.fd_ = unnamed_in(folder_);
  draft.linkable_ = static_cast<bool>(draft.fd_);
  if (draft.fd_) return draft;
  // Not every file system has files without a name.
  std::string name = (folder_ / "new.XXXXXX").string();
  draft.fd_ = FileDescriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (!draft.fd_) return start_elsewhere();
  draft.name_ = std::make_unique<const std::string>(std::move(name));
  return draft;
}

KeptFiles::Draft KeptFiles::start_elsewhere() const {
  Draft draft;
  draft.fd_ = unnamed_in(scratch_);
  if (draft.fd_) return draft;
  std::string name = (scratch_ / ".rtfx-draft.XXXXXX").string();
  draft.fd_ = FileDescriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (!draft.fd_) throw system_error("making a temporary file in " + scratch_.string(), errno);
  ::unlink(name.c_str());
  return draft;
}

KeptFiles::Draft::~Draft() {
  if (name_) ::unlink(name_->c_str());
}

void KeptFiles::Draft::write(std::string_view bytes) {
  size_ += bytes.size();
  hasher_.update(bytes);
  if (pending_.size() + bytes.size() > buffer_size) {
    write_all(fd_.get(), pending_, "a temporary file");
    pending_.clear();
  }
  if (bytes.size() >= buffer_size) {
    write_all(fd_.get(), bytes, "a temporary file");
  } else {
    pending_ += bytes;
  }
}

KeptFile KeptFiles::keep(Draft draft, const Digest& key) const {
  draft.pending_ += draft.hasher_.finish().hex();
  write_all(draft.fd_.get(), draft.pending_, "a temporary file");
  if (draft.linkable_) {
    const std::string self = "/proc/self/fd/" + std::to_string(draft.fd_.get());
    // It may be there already: another build has made the same.
    std::ignore =
        ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path_of(key).c_str(), AT_SYMLINK_FOLLOW);
  }
  if (draft.name_ && ::rename(draft.name_->c_str(), path_of(key).c_str()) == 0) draft.name_.reset();
  return {std::move(draft.fd_), draft.size_};
}

void KeptFiles::keep_bytes(std::string_view bytes, const Digest& key) const {
  try {
    Draft draft = start();
    draft.write(bytes);
    keep(std::move(draft), key);
  } catch (const Error&) {
    return;
  }
}

void KeptFiles::drop_oldest() const {
  struct Kept {
    fs::file_time_type used;
    std::uintmax_t size;
    fs::path path;
  };
  std::vector<Kept> all;
  std::error_code error;
  if (folder_.empty()) return;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const auto used = entry.last_write_time(error);
    if (error) continue;  // another process has dropped it
    const std::uintmax_t size = entry.file_size(error);
    if (!error) all.push_back({used, size, entry.path()});
  }
  std::sort(all.begin(), all.end(), [](const Kept& a, const Kept& b) { return a.used > b.used; });
  std::uintmax_t size = 0;
  for (const Kept& kept : all) {
    size += kept.size;
    if (size > most_bytes_) fs::remove(kept.path, error);
  }
}

std::string read_kept(const KeptFile& file) {
  std::string bytes(static_cast<std::size_t>(file.size), '\0');
  if (!read_exactly(file.fd.get(), 0, bytes.data(), bytes.size()))
    throw system_error("reading a file of the cache", errno);
  return bytes;
}

}  // namespace rtfx::image
