// SPDX-License-Identifier: Apache-2.0
#include "runner/run_folder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <random>

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/files.hpp"
#include "results/timestamp.hpp"

namespace rtfx::runner {
namespace {

constexpr std::size_t longest_log_name = 240;  // of the 255 bytes of a file name

/// "20261120-082647-3fa2c1": sorts by time.
std::string new_id() {
  std::string id = results::format_time_seconds(std::chrono::system_clock::now());
  std::erase_if(id, [](char c) { return c == '-' || c == ':' || c == 'Z'; });
  std::replace(id.begin(), id.end(), 'T', '-');
  std::random_device random;
  return fmt::format("{}-{:06x}", id, random() & 0xFFFFFFu);
}

void check_id(const std::string& id) {
  if (id.find('/') == std::string::npos && id != "." && id != ".." && id != "latest") return;
  throw Error(fmt::format("\"{}\" cannot be the id of a run: it has to be a plain file name", id),
              ExitCode::usage);
}

/// A rename replaces the link in one step: a reader finds the old run or the new one.
void link_to(const fs::path& link, const std::string& target) {
  const fs::path part = link.string() + fmt::format(".{}", getpid());
  std::error_code failed;
  fs::remove(part, failed);
  if (symlink(target.c_str(), part.c_str()) != 0)
    throw system_error("linking " + link.string(), errno);
  if (rename(part.c_str(), link.c_str()) != 0) {
    const int reason = errno;
    fs::remove(part, failed);
    throw system_error("linking " + link.string(), reason);
  }
}

}  // namespace

RunFolder make_run_folder(const fs::path& results, const std::string& id, bool link_latest) {
  check_id(id);
  std::error_code failed;
  const fs::path parent = fs::absolute(results);
  fs::create_directories(parent, failed);
  if (failed) throw system_error("making " + parent.string(), failed.value());
  RunFolder folder{id, parent / id};
  if (id.empty()) {
    do {
      folder.id = new_id();
      folder.path = parent / folder.id;
    } while (!fs::create_directory(folder.path, failed) && !failed);
  } else {
    fs::create_directory(folder.path, failed);
  }
  if (failed) throw system_error("making " + folder.path.string(), failed.value());
  if (link_latest) link_to(parent / "latest", folder.id);
  return folder;
}

std::string log_file_name(const std::string& name, const std::string& arch) {
  const std::string end = (arch.empty() ? "" : "." + arch) + ".log";
  std::string start = name;
  std::replace(start.begin(), start.end(), '/', '-');
  if (start.starts_with('.')) start = "_" + start;
  if (start.size() + end.size() <= longest_log_name) return start + end;
  const std::string digest = Digest::of(name).hex().substr(0, 16);
  start.resize(longest_log_name - end.size() - digest.size() - 1);
  while (!start.empty() && (static_cast<unsigned char>(start.back()) & 0x80) != 0) start.pop_back();
  return start + "-" + digest + end;
}

}  // namespace rtfx::runner
