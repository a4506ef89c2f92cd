// SPDX-License-Identifier: Apache-2.0
#include "harness/pkg/archive_write.hpp"

#include <ctime>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

namespace rtfx::pkg {

namespace fs = std::filesystem;

namespace {

/// "Fri, 20 Nov 2026 14:16:03 UTC" (RFC 5322, as Release files have it).
std::string date(std::int64_t timestamp) {
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto time = static_cast<std::time_t>(timestamp);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char rest[32];
  std::strftime(rest, sizeof rest, " %Y %H:%M:%S UTC", &parts);
  const std::string day = (parts.tm_mday < 10 ? "0" : "") + std::to_string(parts.tm_mday);
  return std::string(days[parts.tm_wday]) + ", " + day + " " + months[parts.tm_mon] + rest;
}

void place(const fs::path& from, const fs::path& to) {
  fs::create_directories(to.parent_path());
  std::error_code error;
  fs::create_hard_link(from, to, error);
  if (error) fs::copy_file(from, to);
}

}  // namespace

void write_archive(const std::vector<ArchivePackage>& packages, const ArchiveSource& source,
                   std::int64_t timestamp,
                   const std::vector<std::pair<std::string, std::string>>& fields,
                   const fs::path& target) {
  try {
    std::string index;
    for (const ArchivePackage& package : packages) {
      const fs::path file = fs::path(package.file).lexically_normal();
      if (file.is_absolute() || file.empty() || *file.begin() == "..")
        throw Error("the archive's index names a file outside of it: " + package.file);
      place(package.path, target / file);
      index += (index.empty() ? "" : "\n") + package.stanza;
    }
    std::string release = "Suite: " + source.suite + "\nDate: " + date(timestamp) +
                          "\nArchitectures: " + source.arch +
                          "\nComponents: " + text::join(source.components, " ") + "\n";
    for (const auto& [name, value] : fields) release += name + ": " + value + "\n";
    release +=
        "SHA256:\n " + Digest::of(index).hex() + " " + std::to_string(index.size()) + " Packages\n";
    write_file_atomically(target / "Packages", index);
    write_file_atomically(target / "Release", release);
  } catch (const fs::filesystem_error& error) {
    throw Error("writing the packages to " + target.string() + ": " + error.what());
  }
}

}  // namespace rtfx::pkg
