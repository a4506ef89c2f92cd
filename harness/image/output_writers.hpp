// SPDX-License-Identifier: Apache-2.0
//
// What the writers of all formats share, and the writers themselves; outputs.cpp has the table.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/arch.hpp"
#include "harness/disk/boot_media.hpp"
#include "harness/disk/contents.hpp"
#include "harness/disk/sparse_file.hpp"
#include "harness/image/image.hpp"
#include "harness/image/layout.hpp"
#include "harness/image/outputs.hpp"

namespace rtfx::image {

/// A run of bytes of the spool, which must live as long.
disk::Contents from_spool(const Spool& spool, const Extent& extent);

/// Collects small writes.
class BufferedFile {
 public:
  BufferedFile(FileDescriptor fd, std::string name);
  void write(std::string_view bytes);
  void flush();

 private:
  FileDescriptor fd_;
  std::string name_, buffer_;
};

/// One build: what goes into its outputs. Parts that several formats need are made once.
class OutputJob {
 public:
  OutputJob(const Layout& layout, const Spool& spool, const AssembleOptions& options,
            OutputSet& outputs, std::stop_token stop);

  const Layout& layout;
  const Spool& spool;
  const AssembleOptions& options;
  OutputSet& outputs;
  std::stop_token stop;

  /// Keeps a warning for the user; each is shown once.
  void warn(const std::string& warning);
  const std::vector<std::string>& warnings() const { return warnings_; }

  /// NAME-kernel and NAME-cmdline, unless another format has written them.
  void write_kernel_and_cmdline();
  /// NAME-initrd.img.
  void write_initrd_output();
  /// The initrd with its microcode in front.
  disk::Contents initrd();
  /// The kernel as the options want it in outputs: decompressed or as it is.
  disk::Contents kernel();
  /// Kernel, initrd and command line for a medium that the firmware starts. UEFI starts no kernel that
  /// is compressed as a whole: that one is what is inside. `format` is for the message when there is no kernel.
  disk::BootParts boot_parts(Format format, bool efi, bool with_initrd, const std::string& cmdline);
  /// The boot loader for the arch's UEFI.
  disk::EfiLoader efi_loader() const;
  /// A new empty disk image that goes away by itself.
  disk::SparseFile scratch(const std::string& name) const;
  /// The medium `file` as output NAME + suffix.
  void write_output(const std::string& suffix, const disk::SparseFile& file);

 private:
  void take_warnings(std::vector<std::string> warnings);
  disk::Contents decompressed_kernel();

  std::vector<std::string> warnings_;
  std::optional<disk::SparseFile> initrd_, decompressed_kernel_;
  std::filesystem::path initrd_path_;
};

void write_kernel_initrd(OutputJob& job);
void write_tar_kernel_initrd(OutputJob& job);
void write_tar_output(OutputJob& job);
void write_docker(OutputJob& job);

void write_kernel_squashfs(OutputJob& job);
void write_kernel_erofs(OutputJob& job);
void write_kernel_iso(OutputJob& job);

void write_iso_bios(OutputJob& job);
void write_iso_efi(OutputJob& job);
void write_iso_efi_initrd(OutputJob& job);

void write_raw_bios(OutputJob& job);
void write_raw_efi(OutputJob& job);
void write_qcow2_bios(OutputJob& job);
void write_qcow2_efi(OutputJob& job);
void write_vhd(OutputJob& job);
void write_dynamic_vhd(OutputJob& job);
void write_vmdk(OutputJob& job);
void write_gcp(OutputJob& job);
void write_aws(OutputJob& job);

}  // namespace rtfx::image
