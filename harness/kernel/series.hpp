// SPDX-License-Identifier: Apache-2.0
//
// kernel.yml: one series of kernels, built from one source in several flavours for several arches.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"

namespace rtfx::kernel {

/// A source package of Debian's archive (linux-source-6.12), checked by the archive's signature.
struct DebianSource {
  std::string package;
  std::string suite;
  std::vector<std::string> components{"main"};
};

/// A tar of the source at an address.
struct UrlSource {
  std::string url;     ///< http, https or file
  std::string sha256;  ///< of the file, 64 hex digits
  /// Address of a detached OpenPGP signature of the uncompressed tar, as kernel.org has them; "" for none.
  std::string signature;
  std::filesystem::path
      keyring;  ///< whose keys are trusted (gpgv --keyring); empty without a signature
};

using Source = std::variant<DebianSource, UrlSource>;

/// A way to configure the kernels of a series: a row, and a fragment of configuration.
struct Flavour {
  std::string name;
  std::vector<std::string> arches;  ///< GOARCH names
  std::vector<std::string>
      configs;  ///< fragments after those of base and arch: "qemu" is qemu.config
  /// The image to build by arch ("vmlinux", "Image"); where there is none, that of the arch's row.
  std::map<std::string, std::string> targets;
};

/// What a kernel.yml says.
struct Series {
  std::filesystem::path directory;  ///< absolute
  std::filesystem::path file;       ///< kernel.yml
  std::string org;
  std::string image = "kernel";
  /// "6.12" or "6.12.57": what the source must be, or begin with; the first part of tags.
  std::string version;
  Source source;
  std::vector<std::filesystem::path> patches;  ///< absolute, in the order of application
  /// Folders with fragments: the shared one first, then the series' own.
  std::vector<std::filesystem::path> config_folders;
  std::vector<std::string> arches;
  std::vector<Flavour> flavours;  ///< the first is the default one
  std::vector<std::string>
      labels;  ///< it belongs to a release only when one of them is given; empty: always

  /// Throws Error (ExitCode::nothing_to_run) with the nearest name when there is none of that name.
  const Flavour& flavour(const std::string& name) const;
};

/// Reads and checks DIRECTORY/kernel.yml, strictly. Problems go to `diagnostics`. `default_org` and `default_arches` hold
/// where kernel.yml says nothing.
Series load_series(const std::filesystem::path& directory, const std::string& default_org,
                   const std::vector<std::string>& default_arches, Diagnostics& diagnostics);

/// Whether the directory has a kernel.yml.
bool is_series(const std::filesystem::path& directory);

}  // namespace rtfx::kernel
