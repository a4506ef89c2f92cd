// SPDX-License-Identifier: Apache-2.0
#include "harness/image/output_writers.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "base/error.hpp"
#include "harness/image/initrd.hpp"
#include "harness/image/kernel_binary.hpp"

namespace rtfx::image {

namespace {

constexpr std::size_t buffer_size = 256 * 1024;

bool is_gzip(const Spool& spool, const Extent& extent) {
  spool.fetch(extent);  // of its image nothing else is wanted
  char magic[2] = {};
  return spool.read_at(extent, 0, magic, 2) == 2 && magic[0] == '\x1f' && magic[1] == '\x8b';
}

}  // namespace

disk::Contents from_spool(const Spool& spool, const Extent& extent) {
  return {extent.size, [&spool, extent](const disk::Sink& sink) { spool.copy_to(extent, sink); }};
}

BufferedFile::BufferedFile(FileDescriptor fd, std::string name)
    : fd_(std::move(fd)), name_(std::move(name)) {
  buffer_.reserve(buffer_size);
}

void BufferedFile::write(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > buffer_size) flush();
  if (bytes.size() >= buffer_size) {
    write_all(fd_.get(), bytes, name_);
  } else {
    buffer_ += bytes;
  }
}

void BufferedFile::flush() {
  write_all(fd_.get(), buffer_, name_);
  buffer_.clear();
}

OutputJob::OutputJob(const Layout& a_layout, const Spool& a_spool,
                     const AssembleOptions& an_options, OutputSet& an_output_set,
                     std::stop_token a_stop)
    : layout(a_layout),
      spool(a_spool),
      options(an_options),
      outputs(an_output_set),
      stop(std::move(a_stop)) {}

void OutputJob::warn(const std::string& warning) {
  if (std::find(warnings_.begin(), warnings_.end(), warning) == warnings_.end())
    warnings_.push_back(warning);
}

void OutputJob::take_warnings(std::vector<std::string> warnings) {
  // Once per initrd, which is made once.
  std::move(warnings.begin(), warnings.end(), std::back_inserter(warnings_));
}

void OutputJob::write_kernel_and_cmdline() {
  if (layout.kernel && !outputs.has("-kernel"))
    write_kernel(layout, spool, options, outputs.create("-kernel"), stop);
  if (!layout.cmdline.empty() && !outputs.has("-cmdline")) {
    const FileDescriptor fd = outputs.create("-cmdline");
    write_all(fd.get(), layout.cmdline, "the command line");
  }
}

void OutputJob::write_initrd_output() {
  take_warnings(write_initrd(layout, spool, options, outputs.create("-initrd.img"), stop));
  initrd_path_ = outputs.files().back().temporary;
}

disk::Contents OutputJob::initrd() {
  if (initrd_path_.empty()) {
    initrd_ = scratch("the initrd");
    // A descriptor of its own, because it is written from where it stands.
    const FileDescriptor fd(::open(initrd_->path().c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) throw system_error("writing the initrd", errno);
    take_warnings(write_initrd(layout, spool, options, fd, stop));
    initrd_path_ = initrd_->path();
  }
  return disk::Contents::of_file(initrd_path_, stop);
}

disk::Contents OutputJob::decompressed_kernel() {
  if (!decompressed_kernel_) {
    decompressed_kernel_ = scratch("the kernel");
    const FileDescriptor fd(::open(decompressed_kernel_->path().c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) throw system_error("writing the kernel", errno);
    AssembleOptions decompressing = options;
    decompressing.decompress_kernel = true;
    write_kernel(layout, spool, decompressing, fd, stop);
  }
  return disk::Contents::of_file(decompressed_kernel_->path(), stop);
}

disk::Contents OutputJob::kernel() {
  spool.fetch(*layout.kernel);
  return options.decompress_kernel ? decompressed_kernel() : from_spool(spool, *layout.kernel);
}

disk::BootParts OutputJob::boot_parts(Format format, bool efi, bool with_initrd,
                                      const std::string& cmdline) {
  if (!layout.kernel)
    throw Error("format " + std::string(format_name(format)) +
                    " starts a kernel, and the image has none: kernel.image of the YAML names one",
                ExitCode::usage);
  spool.fetch(*layout.kernel);
  // A decompressed kernel is for those who load it by themselves (qemu, hypervisors): no firmware and
  // no boot loader here would start it.
  disk::BootParts parts{efi && is_gzip(spool, *layout.kernel) ? decompressed_kernel()
                                                              : from_spool(spool, *layout.kernel),
                        std::nullopt, cmdline, Digest::of("")};
  if (with_initrd) parts.initrd = initrd();
  Hasher hasher;
  const auto add = [&](std::string_view bytes) { hasher.update(bytes); };
  hasher.update(cmdline + "\n" + std::to_string(parts.kernel.size) + "\n");
  parts.kernel.copy_to(add);
  if (parts.initrd) parts.initrd->copy_to(add);
  parts.digest = hasher.finish();
  return parts;
}

disk::EfiLoader OutputJob::efi_loader() const {
  const std::string& efi = options.arch.efi;
  const std::filesystem::path file = "/usr/lib/systemd/boot/efi/systemd-boot" + efi + ".efi";
  const std::string package = "systemd-boot-efi";
  if (options.boot_loader_file) return {efi, options.boot_loader_file(options.arch, package, file)};
  if (!std::filesystem::exists(file))
    throw Error(file.string() + " is not there: apt-get install " + package, ExitCode::host);
  return {efi, file};
}

disk::SparseFile OutputJob::scratch(const std::string& name) const {
  return disk::SparseFile::nameless(options.directory, name);
}

void OutputJob::write_output(const std::string& suffix, const disk::SparseFile& file) {
  disk::SparseFile output(outputs.create(suffix), "NAME" + suffix);
  output.resize(file.size());
  file.visit_data(256 * 1024, [&](std::uint64_t offset, std::string_view bytes) {
    if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
    output.write_at(offset, bytes);
  });
}

}  // namespace rtfx::image
