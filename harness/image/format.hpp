// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/arch.hpp"

namespace rtfx::image {

/// What an image can be written as. linuxkit's names, with its suffixes of the outputs.
enum class Format {
  kernel_initrd,
  tar_kernel_initrd,
  tar,
  docker,
  kernel_squashfs,
  kernel_erofs,
  kernel_iso,
  iso_bios,
  iso_efi,
  iso_efi_initrd,
  raw_bios,
  raw_efi,
  qcow2_bios,
  qcow2_efi,
  vhd,
  dynamic_vhd,
  vmdk,
  gcp,
  aws,
};

/// Every format, in the order of documentation.
const std::vector<Format>& all_formats();
/// "kernel+initrd".
std::string_view format_name(Format format);
/// Throws Error (ExitCode::usage) with a suggestion.
Format parse_format(const std::string& name);
/// Every suffix that outputs of the format can have, "-kernel" or ".tar".
std::vector<std::string> format_suffixes(Format format);

/// Refuses, before anything is read or written, what cannot be: formats that the arch has no firmware
/// for, two formats whose outputs have the same name. Throws Error (ExitCode::usage).
void check_formats(const std::vector<Format>& formats, const Arch& arch);
/// Whether programs or boot loaders of the host have a part in the bytes of its outputs.
bool needs_the_host(Format format);
/// Whether an initrd is among its outputs, or in them; the others have the root file system as it is.
bool has_initrd(Format format);

/// How an initrd is compressed.
enum class Compression { gzip, zstd, none };
std::string_view compression_name(Compression compression);
/// Throws Error (ExitCode::usage).
Compression parse_compression(const std::string& name);

}  // namespace rtfx::image
