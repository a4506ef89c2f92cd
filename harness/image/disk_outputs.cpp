// SPDX-License-Identifier: Apache-2.0
//
// Formats that are disks: kernel and initrd on a FAT file system with a boot loader.
#include "harness/disk/convert.hpp"
#include "harness/image/output_writers.hpp"

namespace rtfx::image {

namespace {

using disk::DiskFormat;

enum class Firmware { bios, efi };

/// What the disks of hypervisors and clouds start with: the BIOS where there is one, as linuxkit's.
Firmware usual_firmware(const Arch& arch) { return arch.bios ? Firmware::bios : Firmware::efi; }

struct MadeDisk {
  disk::SparseFile file;
  disk::DiskIdentity identity;
};

/// A disk of `size` bytes; 0: as small as it can be.
MadeDisk make_disk(OutputJob& job, Format format, Firmware firmware, std::uint64_t size) {
  const bool efi = firmware == Firmware::efi;
  const disk::BootParts parts = job.boot_parts(format, efi, true, job.layout.cmdline);
  MadeDisk made{job.scratch("the disk"), disk::DiskIdentity(parts.digest)};
  if (efi) {
    disk::write_efi_disk(made.file, parts, job.efi_loader(), size, job.stop);
  } else {
    disk::write_bios_disk(made.file, parts, size, job.stop);
  }
  return made;
}

void write_raw(OutputJob& job, Format format, Firmware firmware, std::uint64_t size) {
  const MadeDisk made = make_disk(job, format, firmware, size);
  job.write_output(format_suffixes(format).front(), made.file);
}

void write_converted(OutputJob& job, Format format, Firmware firmware, DiskFormat disk_format) {
  const MadeDisk made = make_disk(job, format, firmware, job.options.disk_size);
  job.outputs.create(format_suffixes(format).front());
  disk::convert(made.file, disk_format, made.identity, job.outputs.files().back().temporary,
                job.stop);
}

}  // namespace

void write_raw_bios(OutputJob& job) { write_raw(job, Format::raw_bios, Firmware::bios, 0); }
void write_raw_efi(OutputJob& job) { write_raw(job, Format::raw_efi, Firmware::efi, 0); }

void write_qcow2_bios(OutputJob& job) {
  write_converted(job, Format::qcow2_bios, Firmware::bios, DiskFormat::qcow2);
}

void write_qcow2_efi(OutputJob& job) {
  write_converted(job, Format::qcow2_efi, Firmware::efi, DiskFormat::qcow2);
}

void write_vhd(OutputJob& job) {
  write_converted(job, Format::vhd, usual_firmware(job.options.arch), DiskFormat::fixed_vhd);
}

void write_dynamic_vhd(OutputJob& job) {
  write_converted(job, Format::dynamic_vhd, usual_firmware(job.options.arch),
                  DiskFormat::dynamic_vhd);
}

void write_vmdk(OutputJob& job) {
  write_converted(job, Format::vmdk, usual_firmware(job.options.arch), DiskFormat::vmdk);
}

void write_aws(OutputJob& job) {
  write_raw(job, Format::aws, usual_firmware(job.options.arch), job.options.disk_size);
}

void write_gcp(OutputJob& job) {
  constexpr std::uint64_t gibibyte = 1ULL << 30U;
  const std::uint64_t size = (job.options.disk_size + gibibyte - 1) / gibibyte * gibibyte;
  const MadeDisk made = make_disk(job, Format::gcp, usual_firmware(job.options.arch), size);
  BufferedFile file(job.outputs.create(".img.tar.gz"), "the tar");
  disk::write_gcp(
      made.file, [&](std::string_view bytes) { file.write(bytes); }, job.stop);
  file.flush();
}

}  // namespace rtfx::image
