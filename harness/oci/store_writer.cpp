// SPDX-License-Identifier: Apache-2.0
#include "harness/oci/store_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/files.hpp"
#include "harness/oci/store_files.hpp"

namespace rtfx::oci {

namespace {

constexpr std::size_t piece_size = 1 << 20;
constexpr std::size_t pieces = 4;

/// Hashes pieces in their order, in a thread of its own once there is a second one.
class PieceHasher {
 public:
  ~PieceHasher() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    changed_.notify_all();
  }

  /// The bytes must stay until wait_for() of this piece's number returns.
  void add(std::string_view piece) {
    if (!thread_.joinable()) thread_ = std::jthread([this] { run(); });
    {
      const std::lock_guard lock(mutex_);
      queue_.at(added_ % pieces) = piece;
      ++added_;
    }
    changed_.notify_all();
  }
  /// Until the first `count` pieces are hashed.
  void wait_for(std::uint64_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return hashed_ >= count; });
  }
  /// The digest of all pieces and of these last bytes.
  Digest finish(std::string_view last) {
    wait_for(added_);
    hasher_.update(last);
    return hasher_.finish();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return done_ || hashed_ < added_; });
      if (hashed_ == added_) return;
      const std::string_view piece = queue_.at(hashed_ % pieces);
      lock.unlock();
      hasher_.update(piece);
      lock.lock();
      ++hashed_;
      changed_.notify_all();
    }
  }

  Hasher hasher_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<std::string_view, pieces> queue_;
  std::uint64_t added_ = 0, hashed_ = 0;
  bool done_ = false;
  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace

struct BlobWriter::State {
  State(Store& target, Expected wanted)
      : expected(std::move(wanted)),
        directory(target.directory()),
        temporary(temporary_name(directory / "blobs" / "sha256" / "incoming")),
        fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644)) {
    if (!fd) throw write_error("writing to the store " + directory.string(), errno);
  }
  ~State() {
    if (fd) ::unlink(temporary.c_str());
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::vector<char>& buffer() { return buffers.at(full % pieces); }

  void write_out(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd.get(), bytes.data(), bytes.size());
      if (count < 0 && errno != EINTR)
        throw write_error("writing to the store " + directory.string(), errno);
      if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  /// The current buffer is full: hashed while it is written, and the next one is free after that.
  void next_buffer() {
    const std::string_view piece(buffer().data(), buffer().size());
    hasher.add(piece);
    write_out(piece);
    ++full;
    if (full >= pieces) hasher.wait_for(full - pieces + 1);
    buffer().clear();
  }

  Error unexpected(const Digest& digest) const {
    const Digest& wanted = expected.digest.value_or(digest);
    std::string what = "has the digest " + digest.str();
    if (expected.size && *expected.size != size)
      what = "has " + std::to_string(size) + " bytes instead of " + std::to_string(*expected.size);
    return Error("blob " + wanted.str() + " is corrupt: what came " + what);
  }

  Expected expected;
  fs::path directory, temporary;
  FileDescriptor fd;
  std::uint64_t size = 0, full = 0;
  std::array<std::vector<char>, pieces> buffers;
  PieceHasher hasher;  // last: its thread reads the buffers
};

BlobWriter::BlobWriter(Store& store, Expected expected) {
  store.start_writing();
  state_ = std::make_unique<State>(store, std::move(expected));
}
BlobWriter::~BlobWriter() = default;

void BlobWriter::write(std::string_view bytes) {
  State& state = *state_;
  state.size += bytes.size();
  if (state.expected.size && state.size > *state.expected.size)
    throw Error("blob " + (state.expected.digest ? state.expected.digest->str() + " " : "") +
                "is corrupt: more came than its " + std::to_string(*state.expected.size) +
                " bytes");
  while (!bytes.empty()) {
    std::vector<char>& buffer = state.buffer();
    if (buffer.capacity() == 0) buffer.reserve(piece_size);
    const std::string_view part = bytes.substr(0, piece_size - buffer.size());
    buffer.insert(buffer.end(), part.begin(), part.end());
    bytes.remove_prefix(part.size());
    if (buffer.size() == piece_size) state.next_buffer();
  }
}

Descriptor BlobWriter::finish(std::string_view media_type) {
  State& state = *state_;
  const std::string_view last(state.buffer().data(), state.buffer().size());
  state.write_out(last);
  const Digest digest = state.hasher.finish(last);
  if ((state.expected.digest && *state.expected.digest != digest) ||
      (state.expected.size && *state.expected.size != state.size))
    throw state.unexpected(digest);
  const fs::path file = blob_file(state.directory, digest);
  if (::rename(state.temporary.c_str(), file.c_str()) != 0)
    throw write_error("writing " + file.string(), errno);
  state.fd.close();
  remember_good(file, digest);
  return {std::string(media_type), digest, state.size, std::nullopt, {}};
}

}  // namespace rtfx::oci
