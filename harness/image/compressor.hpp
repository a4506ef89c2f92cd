// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "harness/image/format.hpp"
#include "harness/image/spool.hpp"

namespace rtfx::image {

/// Compresses one piece of an initrd. Pieces made independently, one after the other between
/// compressed_begin() and compressed_end(), are one valid initrd: for gzip a single member (RFC
/// 1952), whose pieces end on a byte boundary; for zstd a frame a piece.
class Compressor {
 public:
  virtual ~Compressor() = default;
  virtual void write(std::string_view bytes) = 0;
  /// Writes what is left; must be called, and nothing after it.
  virtual void finish() = 0;
  /// The CRC-32 of what was given, if the format needs it.
  virtual std::uint32_t crc() const { return 0; }
};

/// `size` is what will be given.
std::unique_ptr<Compressor> make_compressor(Compression compression, std::uint64_t size, Sink sink);

/// Everything that a piece's bytes depend on beside what is compressed: method, level, and versions.
std::string compressor_name(Compression compression);

/// Joins pieces.
class CompressedStream {
 public:
  CompressedStream(Compression compression) : compression_(compression) {}
  std::string begin() const;
  /// Counts a piece of `size` bytes before compression.
  void add(std::uint32_t crc, std::uint64_t size);
  /// The last bytes of the stream, with `last` compressed as its end.
  std::string end(std::string_view last);

 private:
  Compression compression_;
  std::uint32_t crc_ = 0, size_ = 0;
};

}  // namespace rtfx::image
