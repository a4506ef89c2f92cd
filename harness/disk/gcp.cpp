// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <numeric>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "harness/disk/convert.hpp"

namespace rtfx::disk {

namespace {

constexpr std::size_t block = 512;
/// Pieces of this size are in the archive or are not. Where the file system has its holes does not
/// matter, so every host writes the same.
constexpr std::size_t step = 64 * 1024;

class Gzip {
 public:
  explicit Gzip(const Sink& sink) : sink_(sink) {
    // 15 bits of window, and 16 for gzip's header, whose time stays 0.
    if (::deflateInit2(&stream_, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      throw Error("zlib cannot be started");
  }
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() { ::deflateEnd(&stream_); }

  void write(std::string_view bytes, int flush = Z_NO_FLUSH) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      std::array<char, 64 * 1024> out;
      stream_.next_out = reinterpret_cast<Bytef*>(out.data());
      stream_.avail_out = out.size();
      ::deflate(&stream_, flush);
      sink_({out.data(), out.size() - stream_.avail_out});
    } while (stream_.avail_out == 0);
  }
  void finish() { write("", Z_FINISH); }

 private:
  const Sink& sink_;
  z_stream stream_{};
};

struct Run {
  std::uint64_t offset, size;
};

/// Numbers of more than 33 bits are binary, as GNU tar has them.
std::string number(std::uint64_t value, std::size_t width) {
  if (value < 1ULL << (3 * (width - 1))) return fmt::format("{:0{}o}", value, width - 1) + '\0';
  std::string bytes(width, '\0');
  for (std::size_t i = width; i > 0; --i, value >>= 8U) bytes[i - 1] = static_cast<char>(value);
  bytes[0] = static_cast<char>(0x80);
  return bytes;
}

std::string map_entry(const Run& run) { return number(run.offset, 12) + number(run.size, 12); }

/// The header of a sparse file with as much of its map as it can hold; the rest is in blocks behind it
/// (GNU tar manual, "Basic Tar Format", "Old GNU format").
std::string headers(const std::vector<Run>& map, std::uint64_t stored, std::uint64_t size) {
  std::string header(block, '\0');
  const auto set = [&](std::size_t at, std::string_view value) {
    header.replace(at, value.size(), value);
  };
  set(0, "disk.raw");
  set(100, number(0644, 8));
  set(108, number(0, 8));
  set(116, number(0, 8));
  set(124, number(stored, 12));
  set(136, number(1492533000, 12));
  set(156, "S");
  set(257, std::string_view("ustar  \0", 8));
  std::size_t next = 0;
  for (; next < map.size() && next < 4; ++next) set(386 + 24 * next, map_entry(map[next]));
  if (next < map.size()) set(482, "\1");
  set(483, number(size, 12));
  set(148, "        ");
  const unsigned sum =
      std::accumulate(header.begin(), header.end(), 0U,
                      [](unsigned total, char c) { return total + static_cast<unsigned char>(c); });
  set(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  while (next < map.size()) {
    std::string more;
    for (int i = 0; i < 21 && next < map.size(); ++i) more += map_entry(map[next++]);
    more.resize(504, '\0');
    more += next < map.size() ? '\1' : '\0';
    more.resize(block, '\0');
    header += more;
  }
  return header;
}

}  // namespace

void write_gcp(const SparseFile& disk, const Sink& sink, std::stop_token stop) {
  const std::uint64_t size = disk.size();
  if (size % (1ULL << 30U) != 0)
    throw Error("a disk for Compute Engine must have a size that is a multiple of 1 GiB");
  const auto check = [&] {
    if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
  };
  std::vector<Run> map;
  std::uint64_t stored = 0;
  disk.visit_data(step, [&](std::uint64_t offset, std::string_view bytes) {
    check();
    stored += bytes.size();
    if (!map.empty() && map.back().offset + map.back().size == offset) {
      map.back().size += bytes.size();
    } else {
      map.push_back({offset, bytes.size()});
    }
  });
  // An entry of length 0 says where the file ends.
  map.push_back({size, 0});
  Gzip gzip(sink);
  gzip.write(headers(map, stored, size));
  disk.visit_data(step, [&](std::uint64_t, std::string_view bytes) {
    check();
    gzip.write(bytes);
  });
  gzip.write(std::string(2 * block, '\0'));
  gzip.finish();
}

}  // namespace rtfx::disk
