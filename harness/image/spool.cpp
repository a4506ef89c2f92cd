// SPDX-License-Identifier: Apache-2.0
#include "harness/image/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <future>
#include <set>
#include <thread>

#include "base/error.hpp"

namespace rtfx::image {

namespace {

constexpr std::size_t buffer_size = 256 * 1024;

int hex_value(char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; }

bool is_zero(std::string_view bytes) {
  return bytes.empty() ||
         (bytes.front() == '\0' && bytes.substr(1) == bytes.substr(0, bytes.size() - 1));
}

}  // namespace

/// Room whose bytes come from `load`.
struct Spool::Room {
  Extent extent;
  std::function<void()> load;
  std::once_flag once;
  std::atomic<bool> loaded{false};
  std::map<std::uint64_t, std::uint64_t>
      fetched;  ///< files that came one by one: from, to; under mutex_

  bool has_fetched(const Extent& wanted) const {
    const auto after = fetched.upper_bound(wanted.offset);
    return after != fetched.begin() && wanted.offset + wanted.size <= std::prev(after)->second;
  }
};

Sha256 sha256_of(const Digest& digest) {
  const std::string hex = digest.hex();
  Sha256 bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(hex_value(hex[2 * i]) * 16 + hex_value(hex[2 * i + 1]));
  return bytes;
}

Spool::Spool(const std::filesystem::path& directory, const BuildCache* cache) : cache_(cache) {
  fd_ = FileDescriptor(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd_) return;
  // Not every file system has files without a name.
  std::string name = (directory / ".rtfx-spool.XXXXXX").string();
  fd_ = FileDescriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd_) throw system_error("making a temporary file in " + directory.string(), errno);
  ::unlink(name.c_str());
}

Extent Spool::reserve(std::uint64_t size) {
  // A sparse file of a layer can claim any size; no image that boots has this much.
  constexpr std::uint64_t most = std::uint64_t(1) << 40;
  const std::uint64_t offset = size > most ? most : end_.fetch_add(size);
  if (size > most || offset > most - size) {
    throw Error("the files of the image have more than 1 TiB");
  }
  return {offset, size};
}

Extent Spool::reserve(std::uint64_t size, std::function<void()> load) {
  auto room = std::make_shared<Room>();
  room->extent = reserve(size);
  room->load = std::move(load);
  const Extent extent = room->extent;
  const std::lock_guard lock(mutex_);
  if (size > 0) rooms_.emplace(extent.offset, std::move(room));
  return extent;
}

void Spool::put(std::uint64_t offset, std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw system_error("writing the temporary file of the image", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

void Spool::write_at(std::uint64_t offset, std::string_view bytes) {
  // Zeros take no room on the disk, however many a compressed layer has of them.
  if (!is_zero(bytes)) put(offset, bytes);
}

Extent Spool::add(std::string_view bytes) {
  const Extent extent = reserve(bytes.size());
  write_at(extent.offset, bytes);
  return extent;
}

void Spool::know(const Extent& extent, const Sha256& digest) {
  const std::lock_guard lock(mutex_);
  if (extent.size > 0) digests_[extent.offset] = digest;
}

std::optional<Sha256> Spool::known_digest(const Extent& extent) const {
  static const Sha256 of_nothing = sha256_of(Digest::of(""));
  if (extent.size == 0) return of_nothing;
  const std::lock_guard lock(mutex_);
  const auto found = digests_.find(extent.offset);
  return found == digests_.end() ? std::nullopt : std::optional(found->second);
}

Sha256 Spool::digest(const Extent& extent) const {
  if (const auto known = known_digest(extent)) return *known;
  Hasher hasher;
  copy_to(extent, [&](std::string_view bytes) { hasher.update(bytes); });
  return sha256_of(hasher.finish());
}

void Spool::set_members(const Extent& tar, std::shared_ptr<const Tree> members) {
  const std::lock_guard lock(mutex_);
  members_[tar.offset] = std::move(members);
}

std::shared_ptr<const Tree> Spool::members(const Extent& tar) const {
  const std::lock_guard lock(mutex_);
  const auto found = members_.find(tar.offset);
  return found == members_.end() ? nullptr : found->second;
}

std::shared_ptr<Spool::Room> Spool::room_of(const Extent& extent) const {
  const std::lock_guard lock(mutex_);
  auto found = rooms_.upper_bound(extent.offset);
  if (extent.size == 0 || found == rooms_.begin()) return nullptr;
  const auto& room = std::prev(found)->second;
  if (extent.offset >= room->extent.offset + room->extent.size || room->loaded ||
      room->has_fetched(extent))
    return nullptr;
  return room;
}

void Spool::load_room(Room& room) const {
  std::call_once(room.once, [&] {
    mark_read();
    room.load();
    room.loaded = true;
  });
}

void Spool::load(const std::vector<Extent>& extents) const {
  std::set<std::shared_ptr<Room>> wanted;
  for (const Extent& extent : extents) {
    if (auto room = room_of(extent)) wanted.insert(std::move(room));
  }
  std::vector<std::shared_ptr<Room>> rooms(wanted.begin(), wanted.end());
  std::sort(rooms.begin(), rooms.end(),
            [](const auto& a, const auto& b) { return a->extent.size > b->extent.size; });
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < rooms.size(); i = next++) load_room(*rooms[i]);
  };
  std::vector<std::future<void>> workers;
  const std::size_t count =
      std::min<std::size_t>(std::clamp(std::thread::hardware_concurrency(), 1U, 4U), rooms.size());
  for (std::size_t i = 0; i < count; ++i) workers.push_back(std::async(std::launch::async, work));
  for (auto& worker : workers) worker.wait();
  for (auto& worker : workers) worker.get();
}

void Spool::fetch(const Extent& extent) const {
  const auto known = known_digest(extent);
  if (cache_ == nullptr || !known || extent.size == 0) return;
  const Digest key = Digest::of(std::string("file 1 ") + std::string(known->begin(), known->end()));
  const auto room = room_of(extent);
  if (!room && cache_->files.has(key)) return;
  if (const auto kept = cache_->files.find(key); kept && kept->size == extent.size) {
    std::vector<char> buffer(buffer_size);
    for (std::uint64_t at = 0; at < extent.size;) {
      const ssize_t got =
          ::pread(kept->fd.get(), buffer.data(),
                  std::min<std::uint64_t>(buffer.size(), extent.size - at), static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return;
      put(extent.offset + at, {buffer.data(), static_cast<std::size_t>(got)});
      at += static_cast<std::uint64_t>(got);
    }
    const std::lock_guard lock(mutex_);
    if (room) room->fetched.emplace(extent.offset, extent.offset + extent.size);
    return;
  }
  try {
    KeptFiles::Draft draft = cache_->files.start();
    copy_to(extent, [&](std::string_view bytes) { draft.write(bytes); });
    cache_->files.keep(std::move(draft), key);
  } catch (const Error&) {
    load({extent});  // what it needs is what must work; keeping it need not
  }
}

std::size_t Spool::read_at(const Extent& extent, std::uint64_t offset, char* buffer,
                           std::size_t size) const {
  if (const auto room = room_of(extent)) load_room(*room);
  const std::size_t wanted = static_cast<std::size_t>(
      std::min<std::uint64_t>(size, extent.size - std::min(offset, extent.size)));
  std::size_t done = 0;
  while (done < wanted) {
    const ssize_t got = ::pread(fd_.get(), buffer + done, wanted - done,
                                static_cast<off_t>(extent.offset + offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("reading the temporary file of the image", errno);
    if (got == 0) {
      // Room at the end that nobody wrote to.
      std::fill(buffer + done, buffer + wanted, '\0');
      break;
    }
    done += static_cast<std::size_t>(got);
  }
  return wanted;
}

void Spool::copy_to(const Extent& extent, const Sink& sink) const {
  std::vector<char> buffer(std::min<std::uint64_t>(extent.size, buffer_size));
  for (std::uint64_t offset = 0; offset < extent.size;) {
    const std::size_t got = read_at(extent, offset, buffer.data(), buffer.size());
    sink({buffer.data(), got});
    offset += got;
  }
}

}  // namespace rtfx::image
