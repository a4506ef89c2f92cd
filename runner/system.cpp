// SPDX-License-Identifier: Apache-2.0
//
// rtf asks `lsb_release`, which itself reads os-release; so do we, without the program.
#include "runner/system.hpp"

#include <unistd.h>

#include <array>
#include <cctype>
#include <climits>
#include <fstream>
#include <map>

#include "base/arch.hpp"
#include "base/text.hpp"

namespace rtfx::runner {
namespace {

/// The lines "KEY SEPARATOR VALUE" of a file; the first of equal keys counts; no file, no lines.
std::map<std::string, std::string> read_pairs(const char* path, char separator) {
  std::map<std::string, std::string> pairs;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto at = line.find(separator);
    if (at == std::string::npos) continue;
    auto value = text::trim(std::string_view(line).substr(at + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    pairs.emplace(text::trim(std::string_view(line).substr(0, at)), value);
  }
  return pairs;
}

void read_distribution(SystemInfo& info) {
  std::string alpine;
  if (std::ifstream file("/etc/alpine-release"); std::getline(file, alpine)) {
    info.name = "Alpine";
    info.version = text::trim(alpine);
    return;
  }
  auto release = read_pairs("/etc/os-release", '=');
  if (release.empty()) release = read_pairs("/usr/lib/os-release", '=');
  if (const auto id = release.find("ID"); id != release.end() && !id->second.empty()) {
    info.name = id->second;
    info.name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(info.name[0])));
  }
  if (const auto version = release.find("VERSION_ID"); version != release.end())
    info.version = version->second;
}

SystemInfo read_system() {
  SystemInfo info;
  info.arch = host_arch(ArchTable::builtin());
  read_distribution(info);
  const auto cpu = read_pairs("/proc/cpuinfo", ':');
  if (const auto model = cpu.find("model name"); model != cpu.end()) info.cpu = model->second;
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  std::array<char, HOST_NAME_MAX + 1> hostname{};
  if (gethostname(hostname.data(), hostname.size() - 1) == 0) info.hostname = hostname.data();
  if (pages > 0 && page > 0) info.memory = static_cast<std::int64_t>(pages) * page;
  return info;
}

}  // namespace

const SystemInfo& system_info() {
  static const SystemInfo info = read_system();
  return info;
}

}  // namespace rtfx::runner
