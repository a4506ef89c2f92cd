// SPDX-License-Identifier: Apache-2.0
#include "harness/image/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/error.hpp"

namespace rtfx::image {

namespace {

constexpr std::size_t piece_size = 1 << 20;
// The fastest level: an initrd is written once and read once, and the guest unpacks all levels at
// the same speed.
constexpr int level = 1;

std::string little_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

}  // namespace

GzipWriter::GzipWriter(Sink sink)
    : sink_(std::move(sink)),
      most_running_(std::clamp(std::thread::hardware_concurrency(), 1U, 8U) * 2) {
  // Magic, deflate, no flags, no time, "fastest", Unix.
  static constexpr char header[10] = {'\x1f', '\x8b', 8, 0, 0, 0, 0, 0, 4, 3};
  sink_({header, sizeof header});
  crc_ = static_cast<std::uint32_t>(::crc32(0, nullptr, 0));
}

GzipWriter::~GzipWriter() = default;

GzipWriter::Piece GzipWriter::compress(std::string bytes, bool last) {
  z_stream stream{};
  constexpr int raw_deflate = -15, memory_level = 8;
  if (::deflateInit2(&stream, level, Z_DEFLATED, raw_deflate, memory_level, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    throw Error("compressing: out of memory");
  Piece piece;
  piece.size = bytes.size();
  piece.crc = static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  // The bound is for a whole stream; a flush adds at most a few bytes.
  piece.compressed.resize(::deflateBound(&stream, static_cast<uLong>(bytes.size())) + 64);
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(piece.compressed.data());
  stream.avail_out = static_cast<uInt>(piece.compressed.size());
  const int status = ::deflate(&stream, last ? Z_FINISH : Z_SYNC_FLUSH);
  const bool complete = stream.avail_in == 0 && stream.avail_out > 0 &&
                        (last ? status == Z_STREAM_END : status == Z_OK);
  piece.compressed.resize(std::min<std::size_t>(stream.total_out, piece.compressed.size()));
  piece.compressed.shrink_to_fit();
  ::deflateEnd(&stream);
  if (!complete) throw Error("compressing: zlib stopped early");
  return piece;
}

void GzipWriter::start(bool last) {
  running_.push_back(
      std::async(std::launch::async, &GzipWriter::compress, std::exchange(pending_, {}), last));
  while (running_.size() >= most_running_ || (last && !running_.empty())) write_oldest();
}

void GzipWriter::write_oldest() {
  const Piece piece = running_.front().get();
  running_.pop_front();
  sink_(piece.compressed);
  crc_ = static_cast<std::uint32_t>(
      ::crc32_combine(crc_, piece.crc, static_cast<z_off_t>(piece.size)));
  size_ += static_cast<std::uint32_t>(piece.size);
}

void GzipWriter::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (pending_.empty()) pending_.reserve(piece_size);
    const std::size_t taken = std::min(bytes.size(), piece_size - pending_.size());
    pending_.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    if (pending_.size() == piece_size) start(false);
  }
}

void GzipWriter::finish() {
  start(true);
  sink_(little_endian(crc_) + little_endian(size_));
}

}  // namespace rtfx::image
