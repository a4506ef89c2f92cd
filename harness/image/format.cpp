// SPDX-License-Identifier: Apache-2.0
#include "harness/image/format.hpp"

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"

namespace rtfx::image {

namespace {

/// What the firmware of the arch must be able to start.
enum class Firmware { none, bios, efi, either };

/// All that is known of a format; outputs.cpp has their writers.
struct Row {
  Format format;
  std::string_view name;
  std::vector<std::string> suffixes;
  Firmware firmware;
  bool initrd;  ///< see has_initrd()
  bool host;    ///< see needs_the_host()
};

/// In the order of Format, which is that of documentation.
const std::vector<Row>& rows() {
  using enum Format;
  using enum Firmware;
  static const std::vector<Row> all = {
      // clang-format off
      {kernel_initrd,     "kernel+initrd",     {"-kernel", "-initrd.img", "-cmdline"},   none,   true,  false},
      {tar_kernel_initrd, "tar-kernel-initrd", {"-initrd.tar"},                          none,   true,  false},
      {tar,               "tar",               {".tar"},                                 none,   false, false},
      {docker,            "docker",            {".docker"},                              none,   false, false},
      {kernel_squashfs,   "kernel+squashfs",   {"-kernel", "-squashfs.img", "-cmdline"}, none,   false, true},
      {kernel_erofs,      "kernel+erofs",      {"-kernel", "-erofs.img", "-cmdline"},    none,   false, false},
      {kernel_iso,        "kernel+iso",        {"-kernel", ".iso", "-cmdline"},          none,   false, false},
      {iso_bios,          "iso-bios",          {".iso"},                                 bios,   false, true},
      {iso_efi,           "iso-efi",           {"-efi.iso"},                             efi,    false, true},
      {iso_efi_initrd,    "iso-efi-initrd",    {"-efi-initrd.iso"},                      efi,    true,  true},
      {raw_bios,          "raw-bios",          {"-bios.img"},                            bios,   true,  true},
      {raw_efi,           "raw-efi",           {"-efi.img"},                             efi,    true,  true},
      {qcow2_bios,        "qcow2-bios",        {".qcow2"},                               bios,   true,  true},
      {qcow2_efi,         "qcow2-efi",         {"-efi.qcow2"},                           efi,    true,  true},
      {vhd,               "vhd",               {".vhd"},                                 either, true,  true},
      {dynamic_vhd,       "dynamic-vhd",       {".vhd"},                                 either, true,  true},
      {vmdk,              "vmdk",              {".vmdk"},                                either, true,  true},
      {gcp,               "gcp",               {".img.tar.gz"},                          either, true,  true},
      {aws,               "aws",               {".raw"},                                 either, true,  true},
      // clang-format on
  };
  return all;
}

const Row& row_of(Format format) { return rows().at(static_cast<std::size_t>(format)); }

bool can_start(const Arch& arch, Firmware firmware) {
  switch (firmware) {
    case Firmware::none:
      return true;
    case Firmware::bios:
      return arch.bios;
    case Firmware::efi:
      return !arch.efi.empty();
    case Firmware::either:
      return arch.bios || !arch.efi.empty();
  }
  return false;
}

bool contains(const std::vector<Format>& formats, Format format) {
  return std::find(formats.begin(), formats.end(), format) != formats.end();
}

}  // namespace

const std::vector<Format>& all_formats() {
  static const std::vector<Format> all = [] {
    std::vector<Format> formats;
    for (const Row& row : rows()) formats.push_back(row.format);
    return formats;
  }();
  return all;
}

std::string_view format_name(Format format) { return row_of(format).name; }
std::vector<std::string> format_suffixes(Format format) { return row_of(format).suffixes; }
bool needs_the_host(Format format) { return row_of(format).host; }
bool has_initrd(Format format) { return row_of(format).initrd; }

Format parse_format(const std::string& name) {
  std::vector<std::string> names;
  for (const Row& row : rows()) {
    if (row.name == name) return row.format;
    names.emplace_back(row.name);
  }
  throw Error("unknown format \"" + name + "\"" + text::did_you_mean(name, names) +
                  "; supported: " + text::join(names, ", "),
              ExitCode::usage);
}

void check_formats(const std::vector<Format>& formats, const Arch& arch) {
  std::vector<std::string> possible, problems;
  for (const Row& row : rows()) {
    if (can_start(arch, row.firmware)) {
      possible.emplace_back(row.name);
    } else if (contains(formats, row.format)) {
      problems.emplace_back(row.name);
    }
  }
  if (!problems.empty())
    throw Error("no firmware of " + arch.name + " starts " + text::join(problems, ", ") +
                    "; formats for it: " + text::join(possible, ", "),
                ExitCode::usage);
  std::map<std::string, std::string_view> owners;
  for (const Row& row : rows()) {
    if (!contains(formats, row.format)) continue;
    for (const std::string& suffix : row.suffixes) {
      // These are the same in all formats.
      if (suffix == "-kernel" || suffix == "-cmdline") continue;
      const auto [owner, first] = owners.emplace(suffix, row.name);
      if (!first)
        throw Error("formats " + std::string(owner->second) + " and " + std::string(row.name) +
                        " would both write NAME" + suffix +
                        "; build one after the other, with another --name or --dir",
                    ExitCode::usage);
    }
  }
}

std::string_view compression_name(Compression compression) {
  switch (compression) {
    case Compression::gzip:
      return "gzip";
    case Compression::zstd:
      return "zstd";
    case Compression::none:
      return "none";
  }
  return "";
}

Compression parse_compression(const std::string& name) {
  for (const Compression compression : {Compression::gzip, Compression::zstd, Compression::none}) {
    if (compression_name(compression) == name) return compression;
  }
  throw Error("unknown compression \"" + name + "\"" +
                  text::did_you_mean(name, {"gzip", "zstd", "none"}) +
                  "; supported: gzip, zstd, none",
              ExitCode::usage);
}

}  // namespace rtfx::image
