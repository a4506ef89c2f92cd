// SPDX-License-Identifier: Apache-2.0
//
// Formats with the root file system on a medium of its own, and ISOs.
#include "base/error.hpp"
#include "base/text.hpp"
#include "harness/disk/boot_media.hpp"
#include "harness/image/erofs.hpp"
#include "harness/image/iso9660.hpp"
#include "harness/image/output_writers.hpp"
#include "harness/image/squashfs.hpp"

namespace rtfx::image {

namespace {

/// What is loaded apart from the root file system is not in it a second time; the directory stays.
bool is_below_root(std::string_view path) { return !path.starts_with("boot/"); }

void warn_all(OutputJob& job, const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) job.warn(warning);
}

/// The command line with `device` as root file system, unless it names one.
std::string with_root(const std::string& cmdline, const std::string& device) {
  for (const std::string& word : text::split_list(cmdline, ' ')) {
    if (word.starts_with("root=")) return cmdline;
  }
  return cmdline + (cmdline.empty() ? "" : " ") + "root=" + device;
}

/// What Linux calls the ISO: a disc drive where machines have them, as linuxkit assumes it.
std::string iso_device(const Arch& arch) { return arch.bios ? "/dev/sr0" : "/dev/vda"; }

void write_iso_output(OutputJob& job, const std::string& suffix, const IsoOptions& options) {
  BufferedFile file(job.outputs.create(suffix), "the ISO");
  warn_all(job, write_iso(
                    job.layout.root, job.spool, options,
                    [&](std::string_view bytes) { file.write(bytes); }, job.stop));
  file.flush();
}

std::string read_boot_file(const std::filesystem::path& path, const std::string& package) {
  if (!std::filesystem::exists(path))
    throw Error(path.string() + " is not there: apt-get install " + package, ExitCode::host);
  return read_file(path);
}

/// An EFI system partition as a file that is there as long as the result.
struct EfiPartition {
  disk::SparseFile file;
  disk::DiskIdentity identity;
};

EfiPartition make_efi_partition(OutputJob& job, Format format, bool with_initrd,
                                const std::string& cmdline) {
  const disk::BootParts parts = job.boot_parts(format, true, with_initrd, cmdline);
  EfiPartition partition{job.scratch("the EFI partition"), disk::DiskIdentity(parts.digest)};
  disk::write_efi_partition(partition.file, parts, job.efi_loader());
  return partition;
}

}  // namespace

void write_kernel_squashfs(OutputJob& job) {
  job.write_kernel_and_cmdline();
  job.outputs.create("-squashfs.img");
  write_squashfs(job.layout.root, job.spool, is_below_root, job.options.compression,
                 job.outputs.files().back().temporary, job.stop);
}

void write_kernel_erofs(OutputJob& job) {
  job.write_kernel_and_cmdline();
  BufferedFile file(job.outputs.create("-erofs.img"), "the EROFS");
  warn_all(job, write_erofs(
                    job.layout.root, job.spool, is_below_root,
                    [&](std::string_view bytes) { file.write(bytes); }, job.stop));
  file.flush();
}

void write_kernel_iso(OutputJob& job) {
  job.write_kernel_and_cmdline();
  write_iso_output(job, ".iso",
                   {.wanted = is_below_root, .identity = disk::DiskIdentity(Digest::of(""))});
}

void write_iso_bios(OutputJob& job) {
  const std::string cmdline = with_root(job.layout.cmdline, iso_device(job.options.arch));
  const disk::BootParts parts = job.boot_parts(Format::iso_bios, false, false, cmdline);
  // isolinux loads the kernel from the root file system.
  const auto wanted = [](std::string_view path) { return path != "boot/cmdline"; };
  write_iso_output(job, ".iso",
                   {.wanted = wanted,
                    .bios = IsoBios{read_boot_file("/usr/lib/ISOLINUX/isohdpfx.bin", "isolinux"),
                                    read_boot_file("/usr/lib/ISOLINUX/isolinux.bin", "isolinux"),
                                    read_boot_file("/usr/lib/syslinux/modules/bios/ldlinux.c32",
                                                   "syslinux-common"),
                                    disk::syslinux_config("/boot/kernel", "", cmdline)},
                    .identity = disk::DiskIdentity(parts.digest)});
}

void write_iso_efi(OutputJob& job) {
  const std::string cmdline = with_root(job.layout.cmdline, iso_device(job.options.arch));
  const EfiPartition efi = make_efi_partition(job, Format::iso_efi, false, cmdline);
  write_iso_output(job, "-efi.iso",
                   {.wanted = is_below_root,
                    .efi_partition = disk::Contents::of_file(efi.file.path(), job.stop),
                    .identity = efi.identity});
}

void write_iso_efi_initrd(OutputJob& job) {
  const EfiPartition efi =
      make_efi_partition(job, Format::iso_efi_initrd, true, job.layout.cmdline);
  // The root file system is the initrd; the ISO is only what it comes on.
  write_iso_output(job, "-efi-initrd.iso",
                   {.wanted = [](std::string_view) { return false; },
                    .efi_partition = disk::Contents::of_file(efi.file.path(), job.stop),
                    .identity = efi.identity});
}

}  // namespace rtfx::image
