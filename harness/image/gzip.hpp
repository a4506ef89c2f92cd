// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <future>
#include <string>
#include <string_view>

#include "harness/image/spool.hpp"

namespace rtfx::image {

/// Compresses to one gzip member (RFC 1952) with no name and no time in its header, on all cores:
/// pieces of fixed size are deflated independently and end on a byte boundary, so they join to one
/// stream that every reader takes. The bytes do not depend on the number of cores. Memory: a few
/// MiB a core.
class GzipWriter {
 public:
  explicit GzipWriter(Sink sink);
  ~GzipWriter();
  void write(std::string_view bytes);
  /// Writes what is left; must be called, and nothing after it.
  void finish();

 private:
  struct Piece {
    std::string compressed;
    std::uint32_t crc;
    std::size_t size;
  };
  static Piece compress(std::string bytes, bool last);
  void start(bool last);
  void write_oldest();

  Sink sink_;
  std::string pending_;
  std::deque<std::future<Piece>> running_;
  std::size_t most_running_;
  std::uint32_t crc_ = 0, size_ = 0;
};

}  // namespace rtfx::image
