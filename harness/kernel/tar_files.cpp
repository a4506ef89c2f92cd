// SPDX-License-Identifier: Apache-2.0
#include "harness/kernel/tar_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/error.hpp"
#include "base/files.hpp"

namespace rtfx::kernel {

namespace {

constexpr unsigned program_mode = 0755, file_mode = 0644;
constexpr std::size_t piece = 1 << 18;

/// The folders that lead to a path: "a/b/c" -> "a", "a/b".
void add_parents(const std::string& path, std::set<std::string>& folders) {
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1))
    folders.insert(path.substr(0, slash));
}

bool is_program(const fs::path& path) {
  return (fs::status(path).permissions() & fs::perms::owner_exec) != fs::perms::none;
}

void write_content(const fs::path& path, std::uint64_t size, oci::TarWriter& tar) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) throw system_error("reading " + path.string(), errno);
  std::string buffer(piece, '\0');
  std::uint64_t left = size;
  while (left > 0) {
    const ssize_t got = ::read(file.get(), buffer.data(), std::min<std::uint64_t>(piece, left));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw Error("reading " + path.string() + ": it changed meanwhile");
    tar.content({buffer.data(), static_cast<std::size_t>(got)});
    left -= static_cast<std::uint64_t>(got);
  }
}

void write_file(const TarFile& file, std::int64_t timestamp, oci::TarWriter& tar) {
  oci::TarHeader header;
  header.path = file.path;
  header.mtime = timestamp;
  if (fs::is_symlink(file.from)) {
    header.type = '2';
    header.mode = 0777;
    header.link = fs::read_symlink(file.from).string();
    tar.member(header);
    return;
  }
  header.mode = is_program(file.from) ? program_mode : file_mode;
  header.size = fs::file_size(file.from);
  tar.member(header);
  write_content(file.from, header.size, tar);
}

}  // namespace

std::vector<TarFile> files_below(const fs::path& folder, const std::string& prefix) {
  std::vector<TarFile> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_symlink() || entry.is_regular_file())
      files.push_back(
          {prefix + "/" + entry.path().lexically_relative(folder).string(), entry.path()});
  }
  return files;
}

void write_tar(std::vector<TarFile> files, const std::vector<std::string>& folders,
               std::int64_t timestamp, const oci::TarWriter::Sink& sink) {
  std::sort(files.begin(), files.end(),
            [](const TarFile& a, const TarFile& b) { return a.path < b.path; });
  std::set<std::string> all(folders.begin(), folders.end());
  for (const std::string& folder : folders) add_parents(folder, all);
  for (const TarFile& file : files) add_parents(file.path, all);

  oci::TarWriter tar(sink);
  for (const std::string& folder : all) {
    oci::TarHeader header;
    header.path = folder + "/";
    header.type = '5';
    header.mode = program_mode;
    header.mtime = timestamp;
    tar.member(header);
  }
  for (const TarFile& file : files) write_file(file, timestamp, tar);
  tar.finish();
}

void write_tar_file(const fs::path& tar, std::vector<TarFile> files,
                    const std::vector<std::string>& folders, std::int64_t timestamp) {
  const FileDescriptor out(::open(tar.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!out) throw system_error("writing " + tar.string(), errno);
  std::string buffer;
  const auto flush = [&] {
    write_all(out.get(), buffer, tar.string());
    buffer.clear();
  };
  write_tar(std::move(files), folders, timestamp, [&](std::string_view bytes) {
    buffer += bytes;
    if (buffer.size() >= piece) flush();
  });
  flush();
}

}  // namespace rtfx::kernel
