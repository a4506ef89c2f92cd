// SPDX-License-Identifier: Apache-2.0
#include "harness/image/gunzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace rtfx::image {

namespace {

constexpr std::size_t buffer_size = 256 * 1024;

class Inflate {
 public:
  explicit Inflate(const Sink& sink) : sink_(sink) {
    if (::inflateInit2(&stream_, 16 + 15) != Z_OK) throw Error("out of memory");
  }
  ~Inflate() { ::inflateEnd(&stream_); }
  Inflate(const Inflate&) = delete;
  Inflate& operator=(const Inflate&) = delete;

  bool complete() const { return complete_; }
  void write(std::string_view bytes) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      const int status = ::inflate(&stream_, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
        throw Error(std::string("the gzip is damaged: ") +
                    (stream_.msg != nullptr ? stream_.msg : "wrong data"));
      sink_({buffer_.data(), buffer_.size() - stream_.avail_out});
      complete_ = status == Z_STREAM_END;
    } while (!complete_ && stream_.avail_out == 0);
  }

 private:
  const Sink& sink_;
  z_stream stream_{};
  std::vector<char> buffer_ = std::vector<char>(buffer_size);
  bool complete_ = false;
};

}  // namespace

void gunzip(const Extent& packed, const Spool& spool, const Sink& sink, std::stop_token stop) {
  Inflate inflate(sink);
  std::vector<char> buffer(buffer_size);
  for (std::uint64_t at = 0; !inflate.complete();) {
    if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
    const std::size_t got = spool.read_at(packed, at, buffer.data(), buffer.size());
    if (got == 0) throw Error("the gzip is truncated");
    inflate.write({buffer.data(), got});
    at += got;
  }
}

void gunzip(std::string_view packed, const Sink& sink) {
  Inflate inflate(sink);
  inflate.write(packed.substr(0, std::numeric_limits<uInt>::max()));
  if (!inflate.complete()) throw Error("the gzip is truncated");
}

}  // namespace rtfx::image
