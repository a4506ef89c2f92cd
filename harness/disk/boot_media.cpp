// SPDX-License-Identifier: Apache-2.0
#include "harness/disk/boot_media.hpp"

#include <algorithm>
#include <cctype>

#include "base/error.hpp"
#include "base/files.hpp"
#include "harness/disk/fat.hpp"
#include "harness/disk/partitions.hpp"
#include "harness/disk/tool.hpp"

namespace rtfx::disk {

namespace {

/// Room for what a running system may want to put beside, and for syslinux's own files.
constexpr std::uint64_t spare = 1 << 20;
const std::filesystem::path mbr_code = "/usr/lib/syslinux/mbr/mbr.bin";

void check_size(std::uint64_t size, std::uint64_t needed) {
  if (size == 0 || size >= needed) return;
  throw Error("a disk of " + std::to_string(size >> 20U) + " MiB is too small; this image needs " +
                  std::to_string((needed + (1 << 20) - 1) >> 20U) + " MiB (--size)",
              ExitCode::usage);
}

void add_kernel(FatVolume& volume, const BootParts& parts) {
  volume.add("kernel", parts.kernel);
  if (parts.initrd) volume.add("initrd.img", *parts.initrd);
}

/// systemd-boot and what it reads (systemd-boot(7), "Boot Loader Specification", type 1).
void add_efi(FatVolume& volume, const BootParts& parts, const EfiLoader& loader) {
  std::string name = loader.efi;
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  volume.add("EFI/BOOT/BOOT" + name + ".EFI", Contents::of_file(loader.file));
  volume.add("loader/loader.conf", Contents::of_text("timeout 0\ndefault linux.conf\neditor no\n"));
  std::string entry = "title Linux\nlinux /kernel\n";
  if (parts.initrd) entry += "initrd /initrd.img\n";
  if (!parts.cmdline.empty()) entry += "options " + parts.cmdline + "\n";
  volume.add("loader/entries/linux.conf", Contents::of_text(entry));
  add_kernel(volume, parts);
}

}  // namespace

std::string syslinux_config(const std::string& kernel, const std::string& initrd,
                            const std::string& cmdline) {
  std::string text = "DEFAULT linux\nLABEL linux\n    KERNEL " + kernel + "\n";
  if (!initrd.empty()) text += "    INITRD " + initrd + "\n";
  if (!cmdline.empty()) text += "    APPEND " + cmdline + "\n";
  return text;
}

void write_bios_disk(SparseFile& disk, const BootParts& parts, std::uint64_t size,
                     std::stop_token stop) {
  process::require_program("syslinux", "syslinux");
  process::require_program("mcopy", "mtools");
  if (!std::filesystem::exists(mbr_code))
    throw Error(mbr_code.string() + " is not there: apt-get install syslinux-common",
                ExitCode::host);
  const DiskIdentity identity(parts.digest);
  FatVolume volume;
  add_kernel(volume, parts);
  volume.add("syslinux.cfg", Contents::of_text(syslinux_config(
                                 "/kernel", parts.initrd ? "/initrd.img" : "", parts.cmdline)));
  const std::uint64_t partition = volume.size(spare);
  check_size(size, first_partition + partition);
  disk.resize(std::max(size, first_partition + partition));
  write_mbr(disk, partition, read_file(mbr_code), identity);
  volume.write(disk, first_partition, spare, identity.number("file system"));
  run_tool({"syslinux", "syslinux"},
           {"--install", "--offset", std::to_string(first_partition), disk.path().string()}, stop);
}

void write_efi_disk(SparseFile& disk, const BootParts& parts, const EfiLoader& loader,
                    std::uint64_t size, std::stop_token stop) {
  const DiskIdentity identity(parts.digest);
  FatVolume volume;
  add_efi(volume, parts, loader);
  const std::uint64_t partition = volume.size(spare);
  const std::uint64_t needed = first_partition + partition + behind_last_partition;
  check_size(size, needed);
  disk.resize(std::max(size, needed));
  write_gpt(disk, partition, identity);
  volume.write(disk, first_partition, spare, identity.number("file system"));
  if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
}

void write_efi_partition(SparseFile& file, const BootParts& parts, const EfiLoader& loader) {
  FatVolume volume;
  add_efi(volume, parts, loader);
  file.resize(volume.size(0));
  volume.write(file, 0, 0, DiskIdentity(parts.digest).number("file system"));
}

}  // namespace rtfx::disk
