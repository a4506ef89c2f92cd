// SPDX-License-Identifier: Apache-2.0
#include "harness/image/outputs.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/image/output_writers.hpp"

namespace rtfx::image {

namespace {

struct Writer {
  Format format;
  void (*write)(OutputJob&);
};

const std::vector<Writer>& writers() {
  using enum Format;
  static const std::vector<Writer> all = {
      {kernel_initrd, write_kernel_initrd},
      {tar_kernel_initrd, write_tar_kernel_initrd},
      {tar, write_tar_output},
      {docker, write_docker},
      {kernel_squashfs, write_kernel_squashfs},
      {kernel_erofs, write_kernel_erofs},
      {kernel_iso, write_kernel_iso},
      {iso_bios, write_iso_bios},
      {iso_efi, write_iso_efi},
      {iso_efi_initrd, write_iso_efi_initrd},
      {raw_bios, write_raw_bios},
      {raw_efi, write_raw_efi},
      {qcow2_bios, write_qcow2_bios},
      {qcow2_efi, write_qcow2_efi},
      {vhd, write_vhd},
      {dynamic_vhd, write_dynamic_vhd},
      {vmdk, write_vmdk},
      {gcp, write_gcp},
      {aws, write_aws},
  };
  return all;
}

bool contains(const std::vector<Format>& formats, Format format) {
  return std::find(formats.begin(), formats.end(), format) != formats.end();
}

}  // namespace

OutputSet::OutputSet(std::filesystem::path directory, std::string name, std::vector<Format> formats)
    : directory_(std::move(directory)), name_(std::move(name)), formats_(std::move(formats)) {}

OutputSet::~OutputSet() { clear(); }

void OutputSet::clear() {
  for (const File& file : files_) ::unlink(file.temporary.c_str());
  files_.clear();
}

std::vector<std::string> OutputSet::suffixes() const {
  std::vector<std::string> all;
  for (const Format format : formats_) {
    for (std::string& suffix : format_suffixes(format)) {
      if (std::find(all.begin(), all.end(), suffix) == all.end()) all.push_back(std::move(suffix));
    }
  }
  return all;
}

FileDescriptor OutputSet::create(const std::string& suffix) {
  static std::atomic<unsigned> serial{0};
  std::filesystem::path path = directory_ / (name_ + suffix);
  path += ".tmp." + std::to_string(::getpid()) + "." + std::to_string(serial++);
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd) throw system_error("writing " + (directory_ / (name_ + suffix)).string(), errno);
  files_.push_back({suffix, path});
  return fd;
}

bool OutputSet::has(const std::string& suffix) const {
  return std::any_of(files_.begin(), files_.end(),
                     [&](const File& file) { return file.suffix == suffix; });
}

std::vector<std::filesystem::path> OutputSet::commit() {
  std::vector<std::filesystem::path> paths;
  for (const File& file : files_) {
    paths.push_back(directory_ / (name_ + file.suffix));
    if (::rename(file.temporary.c_str(), paths.back().c_str()) != 0)
      throw system_error("writing " + paths.back().string(), errno);
  }
  for (const std::string& suffix : suffixes()) {
    if (!has(suffix)) ::unlink((directory_ / (name_ + suffix)).c_str());
  }
  files_.clear();
  return paths;
}

std::vector<std::string> write_outputs(const Layout& layout, const Spool& spool,
                                       const AssembleOptions& options, OutputSet& outputs,
                                       std::stop_token stop) {
  check_formats(options.formats, options.arch);
  OutputJob job(layout, spool, options, outputs, std::move(stop));
  // In the order of the table: what several formats need is then made where it is an output itself.
  for (const Writer& writer : writers()) {
    if (!contains(options.formats, writer.format)) continue;
    in_context("format " + std::string(format_name(writer.format)), [&] { writer.write(job); });
  }
  return job.warnings();
}

}  // namespace rtfx::image
