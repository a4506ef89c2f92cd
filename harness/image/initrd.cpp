// SPDX-License-Identifier: Apache-2.0
#include "harness/image/initrd.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <future>
#include <thread>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/image/compressor.hpp"
#include "harness/image/pieces.hpp"

namespace rtfx::image {

namespace {

/// What is booted apart from the root file system is not in it a second time; the directory stays.
bool is_wanted(std::string_view path) { return !path.starts_with("boot/"); }

std::vector<std::string> lost_attributes(const Tree& root) {
  std::vector<std::string> warnings;
  for (const auto& [path, entry] : root.entries()) {
    std::vector<std::string> names;
    for (const auto& [name, value] : root.inode(entry).xattrs)
      names.push_back(text::printable(name));
    if (!names.empty() && is_wanted(path))
      warnings.push_back("/" + text::printable(path) +
                         ": an initrd cannot hold its extended attributes (" +
                         text::join(names, ", ") + ")");
  }
  return warnings;
}

/// Appends the first `size` bytes of one file to another, within the kernel if it can.
void append(const FileDescriptor& to, const FileDescriptor& from, std::uint64_t size) {
  off_t at = 0;
  const auto left = [&] { return size - static_cast<std::uint64_t>(at); };
  while (left() > 0) {
    if (::copy_file_range(from.get(), &at, to.get(), nullptr, left(), 0) <= 0) break;
  }
  std::vector<char> buffer(std::min<std::uint64_t>(left(), 256 * 1024));
  while (left() > 0) {
    const ssize_t got =
        ::pread(from.get(), buffer.data(), std::min<std::uint64_t>(buffer.size(), left()), at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw system_error("reading a piece of the initrd", got < 0 ? errno : EIO);
    write_all(to.get(), {buffer.data(), static_cast<std::size_t>(got)}, "the initrd");
    at += got;
  }
}

/// Makes the pieces of an initrd, or finds them.
class PieceMaker {
 public:
  PieceMaker(const InitrdPlan& plan, const Spool& spool, const AssembleOptions& options,
             std::stop_token stop)
      : plan_(plan),
        spool_(spool),
        compression_(options.compression),
        stop_(stop),
        kept_(spool.cache() != nullptr ? spool.cache()->pieces
                                       : KeptFiles({}, options.directory, 0)) {}

  struct Made {
    KeptFile file;
    std::uint32_t crc = 0;
    std::uint64_t compressed_size = 0;
  };
  /// What is kept with a piece, behind its bytes.
  static constexpr std::size_t note_size = sizeof(std::uint32_t);

  Made get(const Piece& piece) const {
    if (auto kept = kept_.find(piece.key); kept && kept->size >= note_size)
      return with_note(std::move(*kept));
    try {
      return make(piece, kept_.start());
    } catch (const Error&) {
      // Only the cache's disk may be full.
      if (stop_.stop_requested() || spool_.cache() == nullptr) throw;
      return make(piece, kept_.start_elsewhere());
    }
  }

  /// Whether making a piece takes little memory.
  bool is_small() const { return compression_ != Compression::zstd; }

  /// Brings in the contents of all pieces that are not kept.
  void load_contents() const {
    std::vector<Extent> wanted;
    for (const Piece& piece : plan_.pieces) {
      if (kept_.has(piece.key)) continue;
      const Run& run = plan_.runs[piece.run];
      for (std::size_t i = run.begin; i < run.end; ++i) {
        if (plan_.entries[i].inode->type == FileType::regular)
          wanted.push_back(plan_.entries[i].inode->data);
      }
    }
    spool_.load(wanted);
  }

 private:
  Made make(const Piece& piece, KeptFiles::Draft draft) const {
    const auto compressor = make_compressor(compression_, piece.size,
                                            [&](std::string_view bytes) { draft.write(bytes); });
    write_piece(
        plan_, piece, spool_, [&](std::string_view bytes) { compressor->write(bytes); }, stop_);
    compressor->finish();
    std::array<char, note_size> note;
    const std::uint32_t crc = compressor->crc();
    std::memcpy(note.data(), &crc, note.size());
    draft.write({note.data(), note.size()});
    return with_note(kept_.keep(std::move(draft), piece.key));
  }

  static Made with_note(KeptFile file) {
    Made made;
    made.compressed_size = file.size - note_size;
    if (::pread(file.fd.get(), &made.crc, note_size, static_cast<off_t>(made.compressed_size)) !=
        static_cast<ssize_t>(note_size))
      throw system_error("reading a piece of the initrd", errno);
    made.file = std::move(file);
    return made;
  }

  const InitrdPlan& plan_;
  const Spool& spool_;
  const Compression compression_;
  const std::stop_token stop_;
  const KeptFiles kept_;
};

void write_pieces(const InitrdPlan& plan, const PieceMaker& maker, const FileDescriptor& file,
                  CompressedStream& stream) {
  // A second piece for each processor covers the time in which the first is copied; one of zstd takes
  // megabytes.
  const std::size_t processors = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8);
  const std::size_t most_at_once = processors + (maker.is_small() ? processors : 1);
  std::deque<std::future<PieceMaker::Made>> running;
  std::size_t started = 0;
  for (const Piece& piece : plan.pieces) {
    for (; started < plan.pieces.size() && running.size() < most_at_once; ++started) {
      running.push_back(std::async(
          std::launch::async, [&maker, &next = plan.pieces[started]] { return maker.get(next); }));
    }
    const PieceMaker::Made made = running.front().get();
    running.pop_front();
    append(file, made.file.fd, made.compressed_size);
    stream.add(made.crc, piece.size);
  }
}

}  // namespace

std::vector<std::string> write_initrd(const Layout& layout, const Spool& spool,
                                      const AssembleOptions& options, const FileDescriptor& file,
                                      std::stop_token stop) {
  // Microcode is for the early kernel, which does not decompress.
  if (layout.ucode) {
    spool.fetch(*layout.ucode);
    spool.copy_to(*layout.ucode,
                  [&](std::string_view bytes) { write_all(file.get(), bytes, "the initrd"); });
    // An archive begins at a multiple of 4.
    if (options.compression == Compression::none)
      write_all(file.get(), std::string((4 - layout.ucode->size % 4) % 4, '\0'), "the initrd");
  }
  const InitrdPlan plan = plan_initrd(layout.root, spool, options.compression, is_wanted);
  const PieceMaker maker(plan, spool, options, stop);
  maker.load_contents();
  CompressedStream stream(options.compression);
  write_all(file.get(), stream.begin(), "the initrd");
  write_pieces(plan, maker, file, stream);
  write_all(file.get(), stream.end(cpio_trailer(plan.size)), "the initrd");
  return lost_attributes(layout.root);
}

}  // namespace rtfx::image
