// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/store_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

namespace rtfx::oci {

namespace {

/// Files whose bytes this process has found to be right. The key changes when a file is replaced or
/// written to.
class VerifiedFiles {
 public:
  static VerifiedFiles& instance() {
    static VerifiedFiles files;
    return files;
  }
  bool contains(const Digest& digest, const struct stat& status) {
    const std::lock_guard lock(mutex_);
    return known_.contains(key(digest, status));
  }
  void insert(const Digest& digest, const struct stat& status) {
    const std::lock_guard lock(mutex_);
    known_.insert(key(digest, status));
  }

 private:
  using Key = std::tuple<std::string, dev_t, ino_t, off_t, std::int64_t, std::int64_t>;
  static Key key(const Digest& digest, const struct stat& status) {
    return {digest.str(),   status.st_dev,         status.st_ino,
            status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  }
  std::mutex mutex_;
  std::set<Key> known_;
};

constexpr std::string_view temporary_mark = ".tmp.";

std::string advice(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "; make room there (rtfx cache gc removes what nothing refers to) and try again";
    case EFBIG:
      return "; the file size is limited (ulimit -f)";
    case EROFS:
    case EACCES:
    case EPERM:
      return "; make it writable, or choose another place with --cache DIR";
    default:
      return "";
  }
}

}  // namespace

bool is_index(const Descriptor& descriptor) {
  return descriptor.media_type == media_type_index ||
         descriptor.media_type == "application/vnd.docker.distribution.manifest.list.v2+json";
}

bool is_manifest(const Descriptor& descriptor) {
  return descriptor.media_type == media_type_manifest ||
         descriptor.media_type == "application/vnd.docker.distribution.manifest.v2+json";
}

std::string annotation(const Descriptor& descriptor, std::string_view name) {
  const auto it = descriptor.annotations.find(std::string(name));
  return it == descriptor.annotations.end() ? "" : it->second;
}

fs::path blob_file(const fs::path& directory, const Digest& digest) {
  return directory / "blobs" / "sha256" / digest.hex();
}

fs::path temporary_name(const fs::path& file) {
  static std::atomic<unsigned> serial{0};
  fs::path name = file;
  name +=
      std::string(temporary_mark) + std::to_string(::getpid()) + ".s" + std::to_string(serial++);
  return name;
}

bool is_temporary(const fs::path& file) {
  return file.filename().string().find(temporary_mark) != std::string::npos;
}

BlobState state_of(const fs::path& file, const Digest& digest, std::optional<std::uint64_t> size) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return BlobState::missing;
  if (!S_ISREG(status.st_mode)) return BlobState::corrupt;
  if (size && static_cast<std::uint64_t>(status.st_size) != *size) return BlobState::corrupt;
  if (VerifiedFiles::instance().contains(digest, status)) return BlobState::good;
  if (Digest::of_file(file) != digest) return BlobState::corrupt;
  VerifiedFiles::instance().insert(digest, status);
  return BlobState::good;
}

void remember_good(const fs::path& file, const Digest& digest) {
  struct stat status {};
  if (::stat(file.c_str(), &status) == 0) VerifiedFiles::instance().insert(digest, status);
}

Error missing_blob(const Digest& digest, const fs::path& file) {
  return Error("blob " + digest.str() + " is missing: " + file.string() +
               " is not there; build, pull or import the image again");
}

Error corrupt_blob(const Descriptor& descriptor, const fs::path& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  const std::string what =
      error || size == descriptor.size
          ? "other bytes"
          : std::to_string(size) + " bytes instead of " + std::to_string(descriptor.size);
  return Error("blob " + descriptor.digest.str() + " is corrupt: " + file.string() + " has " +
               what + "; remove it, then build, pull or import the image again");
}

void require_good(const fs::path& file, const Descriptor& descriptor) {
  switch (state_of(file, descriptor.digest, descriptor.size)) {
    case BlobState::good:
      return;
    case BlobState::missing:
      throw missing_blob(descriptor.digest, file);
    case BlobState::corrupt:
      throw corrupt_blob(descriptor, file);
  }
}

Error write_error(const std::string& doing, int error_number) {
  return Error(doing + ": " + std::strerror(error_number) + advice(error_number));
}

void replace_file(const fs::path& file, std::string_view bytes, bool durable) {
  const fs::path temporary = temporary_name(file);
  const std::string doing = "writing " + file.string();
  FileDescriptor fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd) throw write_error(doing, errno);
  const auto give_up = [&](int error_number) {
    ::unlink(temporary.c_str());
    return write_error(doing, error_number);
  };
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd.get(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) throw give_up(errno);
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (durable && ::fsync(fd.get()) != 0) throw give_up(errno);
  fd.close();
  if (::rename(temporary.c_str(), file.c_str()) != 0) throw give_up(errno);
}

void check_layout(const fs::path& directory) {
  const fs::path file = directory / "oci-layout";
  const auto json = nlohmann::json::parse(read_file(file), nullptr, false);
  if (!json.is_object() || !json.contains("imageLayoutVersion"))
    throw Error(file.string() + " is not that of an OCI image layout, which is " +
                std::string(layout_text));
  if (json["imageLayoutVersion"] != "1.0.0")
    throw Error(file.string() + ": unknown version of the OCI image layout; 1.0.0 is known");
}

Index read_names(const fs::path& directory) {
  const fs::path file = directory / "index.json";
  const std::string text = read_file(file);
  try {
    return parse_index(text);
  } catch (const Error& error) {
    throw Error(file.string() + ": " + error.what() +
                "; it names the images of the store: mend it, or empty the store with rtfx cache "
                "clean and build, pull or import again");
  }
}

void change_names(const fs::path& directory, const std::function<void(Index&)>& change) {
  if (::access(directory.c_str(), W_OK) != 0)
    throw write_error("changing the store " + directory.string(), errno);
  const FileLock lock(directory / ".lock");
  Index index = read_names(directory);
  const std::string before = format_index(index);
  change(index);
  const std::string after = format_index(index);
  if (after != before) replace_file(directory / "index.json", after, true);
}

std::optional<FileDescriptor> lock_writers(const fs::path& directory, bool exclusive, bool wait) {
  const fs::path file = directory / ".writers";
  FileDescriptor fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) throw write_error("changing the store " + directory.string(), errno);
  const int operation = (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB);
  while (::flock(fd.get(), operation) != 0) {
    if (errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR) throw write_error("locking " + file.string(), errno);
  }
  return fd;
}

}  // namespace rtfx::oci
