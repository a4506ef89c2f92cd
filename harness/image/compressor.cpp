// SPDX-License-Identifier: Apache-2.0
#include "harness/image/compressor.hpp"

#include <zlib.h>
#include <zstd.h>

#include <limits>
#include <vector>

#include "base/error.hpp"

namespace rtfx::image {

namespace {

// An initrd is made once and read a few times, and the guest unpacks all levels at the same speed.
// docs/images.md has the figures that chose them.
constexpr int gzip_level = 1;
constexpr int zstd_level = 3;
constexpr std::size_t buffer_size = 128 * 1024;

class Plain : public Compressor {
 public:
  explicit Plain(Sink sink) : sink_(std::move(sink)) {}
  void write(std::string_view bytes) override { sink_(bytes); }
  void finish() override {}

 private:
  Sink sink_;
};

/// A part of a deflate stream (RFC 1951), which needs no other part to be read, or its end.
class Deflate : public Compressor {
 public:
  Deflate(Sink sink, bool last) : sink_(std::move(sink)), last_(last) {
    constexpr int raw = -15, memory_level = 8;
    if (::deflateInit2(&stream_, gzip_level, Z_DEFLATED, raw, memory_level, Z_DEFAULT_STRATEGY) !=
        Z_OK)
      throw Error("compressing: out of memory");
  }
  ~Deflate() override { ::deflateEnd(&stream_); }
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;

  void write(std::string_view bytes) override {
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), most)))
      run(bytes.substr(0, most), Z_NO_FLUSH);
  }
  void finish() override { run({}, last_ ? Z_FINISH : Z_SYNC_FLUSH); }
  std::uint32_t crc() const override { return crc_; }

 private:
  void run(std::string_view bytes, int flush) {
    // With no bytes crc32_z gives its first value.
    if (!bytes.empty())
      crc_ = static_cast<std::uint32_t>(
          ::crc32_z(crc_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      if (::deflate(&stream_, flush) == Z_STREAM_ERROR)
        throw Error("compressing: zlib stopped early");
      if (stream_.avail_out < buffer_.size())
        sink_({buffer_.data(), buffer_.size() - stream_.avail_out});
    } while (stream_.avail_out == 0);
  }

  Sink sink_;
  bool last_;
  z_stream stream_{};
  std::uint32_t crc_ = 0;
  std::vector<char> buffer_ = std::vector<char>(buffer_size);
};

/// A frame of zstd (RFC 8878).
class Zstd : public Compressor {
 public:
  Zstd(std::uint64_t size, Sink sink) : sink_(std::move(sink)), context_(::ZSTD_createCCtx()) {
    if (context_ == nullptr) throw Error("compressing: out of memory");
    check(::ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, zstd_level));
    check(::ZSTD_CCtx_setPledgedSrcSize(context_.get(), size));
  }
  void write(std::string_view bytes) override { run(bytes, ZSTD_e_continue); }
  void finish() override { run({}, ZSTD_e_end); }

 private:
  static std::size_t check(std::size_t result) {
    if (::ZSTD_isError(result) != 0)
      throw Error(std::string("compressing: zstd: ") + ::ZSTD_getErrorName(result));
    return result;
  }
  void run(std::string_view bytes, ZSTD_EndDirective end) {
    ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    for (bool more = true; more;) {
      ZSTD_outBuffer output{buffer_.data(), buffer_.size(), 0};
      const std::size_t left = check(::ZSTD_compressStream2(context_.get(), &output, &input, end));
      if (output.pos > 0) sink_({buffer_.data(), output.pos});
      more = end == ZSTD_e_end ? left != 0 : input.pos < input.size;
    }
  }
  struct Free {
    void operator()(ZSTD_CCtx* context) const { ::ZSTD_freeCCtx(context); }
  };

  Sink sink_;
  std::unique_ptr<ZSTD_CCtx, Free> context_;
  std::vector<char> buffer_ = std::vector<char>(buffer_size);
};

std::string little_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

}  // namespace

std::unique_ptr<Compressor> make_compressor(Compression compression, std::uint64_t size,
                                            Sink sink) {
  switch (compression) {
    case Compression::gzip:
      return std::make_unique<Deflate>(std::move(sink), false);
    case Compression::zstd:
      return std::make_unique<Zstd>(size, std::move(sink));
    case Compression::none:
      break;
  }
  return std::make_unique<Plain>(std::move(sink));
}

std::string compressor_name(Compression compression) {
  switch (compression) {
    case Compression::gzip:
      return std::string("gzip ") + std::to_string(gzip_level) + " zlib " + ::zlibVersion();
    case Compression::zstd:
      return std::string("zstd ") + std::to_string(zstd_level) + " libzstd " +
             ::ZSTD_versionString();
    case Compression::none:
      break;
  }
  return "none";
}

std::string CompressedStream::begin() const {
  // Magic, deflate, no flags, no time, "fastest", Unix.
  static constexpr char header[10] = {'\x1f', '\x8b', 8, 0, 0, 0, 0, 0, 4, 3};
  return compression_ == Compression::gzip ? std::string(header, sizeof header) : "";
}

void CompressedStream::add(std::uint32_t crc, std::uint64_t size) {
  crc_ = static_cast<std::uint32_t>(::crc32_combine(crc_, crc, static_cast<z_off_t>(size)));
  size_ += static_cast<std::uint32_t>(size);
}

std::string CompressedStream::end(std::string_view last) {
  std::string bytes;
  const Sink to_bytes = [&](std::string_view more) { bytes += more; };
  if (compression_ != Compression::gzip) {
    const auto compressor = make_compressor(compression_, last.size(), to_bytes);
    compressor->write(last);
    compressor->finish();
    return bytes;
  }
  Deflate deflate(to_bytes, true);
  deflate.write(last);
  deflate.finish();
  add(deflate.crc(), last.size());
  return bytes + little_endian(crc_) + little_endian(size_);
}

}  // namespace rtfx::image
