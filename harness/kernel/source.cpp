// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/source.hpp"

#include "base/digest.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "harness/kernel/download.hpp"
#include "harness/kernel/lock.hpp"
#include "harness/kernel/unused.hpp"
#include "harness/pkg/archive.hpp"

namespace rtfx::kernel {

namespace {

/// A tar of the source whose origin has been checked.
struct Tarball {
  fs::path path;
  std::string sha256;
  bool in_package = false;  ///< `path` is a Debian package that has it in /usr/src
};

process::Command command_of(std::vector<std::string> argv) {
  process::Command command;
  command.argv = std::move(argv);
  command.env = {{"LC_ALL", "C.UTF-8"}};
  return command;
}

Tarball fetch(const DebianSource& source, const SourcePlace& place, const pkg::Steps& steps) {
  process::require_program("dpkg-deb", "dpkg");
  const pkg::ArchiveSource archive{place.mirror, source.suite, source.components, "amd64"};
  // What the package would pull in is for hosts that it is installed on.
  const pkg::ArchiveRequest request{{source.package}, {"binutils", "xz-utils"}};
  for (const pkg::ArchivePackage& package :
       pkg::Archive(place.downloads, archive, steps).fetch(request)) {
    if (package.name == source.package) return {package.path, package.sha256, true};
  }
  throw Error("the archive has no " + source.package);
}

/// kernel.org signs the uncompressed tar, so that one signature serves all compressions.
void check_signature(const UrlSource& source, const fs::path& tar, const fs::path& downloads,
                     const pkg::Steps& steps) {
  process::require_program("gpgv", "gpgv");
  const fs::path signature = downloads / (source.sha256.substr(0, 16) + ".sign");
  download(source.signature, signature, steps);
  const std::string script =
      "case $(od -An -N4 -tx1 <\"$1\" | tr -d ' ') in fd377a58) cat='xz -dc' ;; 1f8b*) cat='gzip "
      "-dc' ;; "
      "28b52ffd) cat='zstd -dc' ;; *) cat=cat ;; esac; $cat <\"$1\" | gpgv --keyring \"$2\" \"$3\" "
      "-";
  in_context("the signature " + source.signature + " is not a good one of that source", [&] {
    steps.run("gpgv", command_of({"sh", "-c", script, "sh", tar.string(), source.keyring.string(),
                                  signature.string()}));
  });
}

Tarball fetch(const UrlSource& source, const SourcePlace& place, const pkg::Steps& steps) {
  const fs::path downloads = place.folder / "downloads";
  fs::create_directories(downloads);
  const fs::path tar = downloads / source.sha256;
  std::error_code error;
  if (!fs::is_regular_file(tar, error)) {
    const fs::path part = downloads / (source.sha256 + ".part");
    download(source.url, part, steps);
    const std::string got = Digest::of_file(part).hex();
    if (got != source.sha256) {
      fs::remove(part, error);
      throw Error(source.url + " has the SHA256 " + got + ", but kernel.yml says " + source.sha256);
    }
    if (!source.signature.empty()) check_signature(source, part, downloads, steps);
    fs::rename(part, tar);
  }
  return {tar, source.sha256, false};
}

/// What is unpacked and patched is a function of this.
std::string key_of(const Tarball& tarball, const Series& series) {
  std::string words = "rtfx kernel source 1\n" + tarball.sha256 + "\n";
  for (const fs::path& patch : series.patches) words += Digest::of_file(patch).hex() + "\n";
  constexpr std::size_t digits = 16;
  return Digest::of(words).hex().substr(0, digits);
}

fs::path only_tar(const fs::path& folder, const std::string& package) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("linux-source-") && name.find(".tar.") != std::string::npos)
      return entry.path();
  }
  throw Error("the package " + package + " has no linux-source-*.tar.* in /usr/src");
}

void unpack(const Tarball& tarball, const fs::path& folder, const pkg::Steps& steps) {
  fs::path tar = tarball.path;
  const fs::path package = folder / "package", tree = folder / "tree";
  if (tarball.in_package) {
    steps.run("dpkg-deb", command_of({"dpkg-deb", "-x", tar.string(), package.string()}));
    tar = only_tar(package / "usr/src", tar.filename().string());
  }
  fs::create_directories(tree);
  steps.run("tar", command_of({"tar", "-C", tree.string(), "--strip-components=1",
                               "--no-same-owner", "-xf", tar.string()}));
}

void patch(const Series& series, const fs::path& tree, const pkg::Steps& steps) {
  if (series.patches.empty()) return;
  process::require_program("patch", "patch");
  for (const fs::path& file : series.patches) {
    process::Command command =
        command_of({"patch", "-p1", "--batch", "--forward", "--no-backup-if-mismatch",
                    "--reject-file=-", "-i", file.string()});
    command.cwd = tree;
    in_context(file.string() + " does not apply", [&] { steps.run("patch", command); });
  }
}

void require_version(const Series& series, const std::string& version) {
  if (version == series.version || version.starts_with(series.version + ".")) return;
  throw Error(series.file.string() + ": version is " + series.version + ", but the source is " +
              (version.empty() ? "no Linux" : "Linux " + version));
}

}  // namespace

std::string version_of(const std::string& makefile) {
  std::string version;
  for (const std::string& line : text::split(makefile, '\n')) {
    for (const char* key : {"VERSION", "PATCHLEVEL", "SUBLEVEL"}) {
      const std::string start = std::string(key) + " = ";
      if (!line.starts_with(start)) continue;
      version += (version.empty() ? "" : ".") + std::string(text::trim(line.substr(start.size())));
    }
    if (line.starts_with("NAME =")) break;
  }
  return version;
}

SourceTree source_tree(const Series& series, const SourcePlace& place, const pkg::Steps& steps) {
  const FileDescriptor lock =
      lock_folder(place.folder, "another source that is being unpacked", steps.stop, steps.log);
  const Tarball tarball = in_context("the source of " + series.file.string(), [&] {
    return std::visit([&](const auto& source) { return fetch(source, place, steps); },
                      series.source);
  });
  SourceTree source;
  source.key = key_of(tarball, series);
  source.path = place.folder / source.key;
  if (!fs::is_directory(source.path)) {
    const TemporaryDirectory work("unpacked", place.folder);
    unpack(tarball, work.path(), steps);
    patch(series, work.path() / "tree", steps);
    require_version(series, version_of(read_file(work.path() / "tree/Makefile")));
    fs::rename(work.path() / "tree", source.path);
  }
  mark_used(source.path);
  source.version = version_of(read_file(source.path / "Makefile"));
  require_version(series, source.version);
  return source;
}

}  // namespace rtfx::kernel
