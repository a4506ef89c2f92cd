// SPDX-License-Identifier: Apache-2.0
#include "harness/image/outputs.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/image/cpio.hpp"
#include "harness/image/gzip.hpp"
#include "harness/image/tar.hpp"

namespace rtfx::image {

namespace {

/// Collects small writes.
class BufferedFile {
 public:
  BufferedFile(FileDescriptor fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {
    buffer_.reserve(size);
  }
  void write(std::string_view bytes) {
    if (buffer_.size() + bytes.size() > size) flush();
    if (bytes.size() >= size) {
      write_all(fd_.get(), bytes, name_);
    } else {
      buffer_ += bytes;
    }
  }
  void flush() {
    write_all(fd_.get(), buffer_, name_);
    buffer_.clear();
  }

 private:
  static constexpr std::size_t size = 256 * 1024;
  FileDescriptor fd_;
  std::string name_, buffer_;
};

void write_initrd(const Layout& layout, const Spool& spool, OutputSet& outputs,
                  std::stop_token stop) {
  BufferedFile file(outputs.create("-initrd.img"), "the initrd");
  const Sink to_file = [&](std::string_view bytes) { file.write(bytes); };
  // Microcode is for the early kernel, which does not decompress.
  if (layout.ucode) spool.copy_to(*layout.ucode, to_file);
  GzipWriter gzip(to_file);
  // What is booted apart from the root file system is not in it a second time; the directory stays.
  const auto wanted = [](std::string_view path) { return !path.starts_with("boot/"); };
  write_cpio(
      layout.root, spool, wanted, [&](std::string_view bytes) { gzip.write(bytes); }, stop);
  gzip.finish();
  file.flush();
}

void write_kernel_initrd(const Layout& layout, const Spool& spool, OutputSet& outputs,
                         std::stop_token stop) {
  if (layout.kernel) {
    BufferedFile file(outputs.create("-kernel"), "the kernel");
    spool.copy_to(*layout.kernel, [&](std::string_view bytes) { file.write(bytes); });
    file.flush();
  }
  write_initrd(layout, spool, outputs, stop);
  if (layout.cmdline.empty()) return;
  const FileDescriptor fd = outputs.create("-cmdline");
  write_all(fd.get(), layout.cmdline, "the command line");
}

std::vector<std::string> lost_attributes(const Tree& root) {
  std::vector<std::string> warnings;
  for (const auto& [path, entry] : root.entries()) {
    std::vector<std::string> names;
    for (const auto& [name, value] : root.inode(entry).xattrs)
      names.push_back(text::printable(name));
    if (!names.empty() && !path.starts_with("boot/"))
      warnings.push_back("/" + text::printable(path) +
                         ": an initrd cannot hold its extended attributes (" +
                         text::join(names, ", ") + ")");
  }
  return warnings;
}

}  // namespace

OutputSet::OutputSet(std::filesystem::path directory, std::string name, Format format)
    : directory_(std::move(directory)), name_(std::move(name)), format_(format) {}

OutputSet::~OutputSet() { clear(); }

void OutputSet::clear() {
  for (const File& file : files_) ::unlink(file.temporary.c_str());
  files_.clear();
}

std::vector<std::string> OutputSet::suffixes(Format format) {
  switch (format) {
    case Format::kernel_initrd:
      return {"-kernel", "-initrd.img", "-cmdline"};
    case Format::tar:
      return {".tar"};
  }
  return {};
}

FileDescriptor OutputSet::create(const std::string& suffix) {
  static std::atomic<unsigned> serial{0};
  std::filesystem::path path = directory_ / (name_ + suffix);
  path += ".tmp." + std::to_string(::getpid()) + "." + std::to_string(serial++);
  FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd) throw system_error("writing " + (directory_ / (name_ + suffix)).string(), errno);
  files_.push_back({suffix, path});
  return fd;
}

std::vector<std::filesystem::path> OutputSet::commit() {
  std::vector<std::filesystem::path> paths;
  for (const File& file : files_) {
    paths.push_back(directory_ / (name_ + file.suffix));
    if (::rename(file.temporary.c_str(), paths.back().c_str()) != 0)
      throw system_error("writing " + paths.back().string(), errno);
  }
  for (const std::string& suffix : suffixes(format_)) {
    const auto written = std::any_of(files_.begin(), files_.end(),
                                     [&](const File& file) { return file.suffix == suffix; });
    if (!written) ::unlink((directory_ / (name_ + suffix)).c_str());
  }
  files_.clear();
  return paths;
}

std::vector<std::string> write_outputs(const Layout& layout, const Spool& spool, Format format,
                                       OutputSet& outputs, std::stop_token stop) {
  switch (format) {
    case Format::kernel_initrd:
      write_kernel_initrd(layout, spool, outputs, stop);
      return lost_attributes(layout.root);
    case Format::tar: {
      BufferedFile file(outputs.create(".tar"), "the tar");
      write_tar(
          layout.root, spool, [&](std::string_view bytes) { file.write(bytes); }, stop);
      file.flush();
      return {};
    }
  }
  return {};
}

}  // namespace rtfx::image
