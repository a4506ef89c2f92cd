// SPDX-License-Identifier: Apache-2.0
//
// Packages of the distribution's archive, fetched on the build host for any arch. apt does the work, with a state of
// its own that knows nothing of the host's packages, sources and preferences: it checks the archive's signature, resolves
// dependencies, and downloads. What it fetched stays below the cache directory and is checked again on each use.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "harness/pkg/archive_index.hpp"
#include "harness/pkg/tool.hpp"

namespace rtfx::pkg {

/// A part of an archive: one suite for one arch.
struct ArchiveSource {
  std::string uri;  ///< "http://archive.example/debian"
  std::string suite;
  std::vector<std::string> components;
  std::string arch;  ///< Debian's name
};

/// A package file that is on this host and has been checked against the archive's signed index.
struct ArchivePackage {
  std::string name;
  std::string version;
  std::string file;    ///< relative to the archive's address
  std::string stanza;  ///< its entry in the archive's index, as it stands there
  std::filesystem::path path;
  std::string sha256;  ///< of the index, 64 hex digits
};

/// What to fetch.
struct ArchiveRequest {
  /// Names, or "NAME | NAME ...": the first that the source has.
  std::vector<std::string> packages;
  /// Taken for installed: neither they nor what only they need is fetched.
  std::vector<std::string> without;
};

/// One source, locked for as long as this lives: others, also other processes, wait for their turn.
class Archive {
 public:
  /// Opens the source's directory below `cache`. The archive is asked for its index once per process; while nothing has
  /// changed that is one small file. Throws Error with what apt says when it cannot be read or its signature is wrong.
  Archive(const std::filesystem::path& cache, ArchiveSource source, const Steps& steps);

  /// The packages with all that they depend on (not what they only recommend) on a system where nothing is installed,
  /// sorted by name. Downloads those that are not in the cache, or not as the index says. Throws Error when apt cannot
  /// resolve or fetch them.
  std::vector<ArchivePackage> fetch(const ArchiveRequest& request);

  /// The release that the suite is, by the archive's signed file: "trixie" for "stable" in its time. Empty when it does not
  /// say.
  std::string codename() const;

 private:
  void configure() const;
  void update() const;
  process::Command apt(std::vector<std::string> arguments) const;
  std::vector<std::string> chosen(const std::vector<std::string>& alternatives) const;
  ArchivePackage package_of(const IndexEntry& entry) const;
  std::vector<ArchivePackage> resolve(const ArchiveRequest& request) const;
  std::vector<ArchivePackage> resolved(const ArchiveRequest& request) const;
  void download(const std::vector<ArchivePackage>& packages) const;
  void forget_unused() const;

  ArchiveSource source_;
  const Steps& steps_;
  std::filesystem::path directory_;
  FileDescriptor lock_;
};

}  // namespace rtfx::pkg
