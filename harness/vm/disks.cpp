// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/disks.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "fmt/format.h"
#include "harness/vm/disk_format.hpp"
#include "harness/vm/nameless.hpp"

namespace rtfx::vm {

namespace {

constexpr std::array formats = {"qcow2", "raw", "vmdk", "vpc", "vhdx", "vdi"};
constexpr std::uint64_t largest_mib = std::uint64_t{1} << 26;  // 64 TiB
/// qemu-img only writes the tables of an image.
constexpr std::chrono::minutes patience{2};

Error usage(const std::string& message) { return Error(message, ExitCode::usage); }

std::string known_formats() {
  return text::join(std::vector<std::string>(formats.begin(), formats.end()), ", ");
}

std::uint64_t parse_size(const std::string& disk, std::string_view text) {
  const std::string_view whole = text;
  std::uint64_t factor = 1024;
  if (text.ends_with('M') || text.ends_with('G')) {
    factor = text.ends_with('M') ? 1 : 1024;
    text.remove_suffix(1);
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0 ||
      number > largest_mib / factor) {
    throw usage(
        fmt::format("--disk {}: \"{}\" is no size: expected a number from 1 on with M or G (G "
                    "without), up to 65536G",
                    disk, whole));
  }
  return number * factor;
}

/// qemu-img create with these arguments.
void run_qemu_img(const std::vector<std::string>& arguments, const std::string& what,
                  process::Runner& runner, std::stop_token stop) {
  process::require_program("qemu-img", "qemu-utils");
  process::Command command{.argv = {"qemu-img", "create", "-q"}, .timeout = patience};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  const auto made = process::run_captured(runner, command, stop);
  if (made.outcome.ok()) return;
  if (stop.stop_requested()) throw Error("interrupted", ExitCode::interrupted);
  throw usage(fmt::format("qemu-img cannot make {} ({}): {}", what, made.outcome.str(),
                          text::flattened(text::trim(made.err))));
}

void make(const DiskWish& disk, process::Runner& runner, std::stop_token stop) {
  const fs::path parent = disk.file.has_parent_path() ? disk.file.parent_path() : fs::path(".");
  std::error_code none;
  if (!fs::is_directory(parent, none))
    throw usage(fmt::format("cannot make the disk {}: {} is no directory", disk.file.string(),
                            parent.string()));
  const NamelessFile image(parent);  // so that nobody ever sees half of it
  create_image(image.path(), disk.format, disk.size_mib, runner, std::move(stop));
  image.link_to(disk.file);
}

}  // namespace

DiskWish parse_disk(const std::string& text) {
  DiskWish disk;
  bool named = false;
  for (const std::string& part : text::split(text, ',')) {
    const auto equals = part.find('=');
    const std::string key = equals == part.npos ? "file" : part.substr(0, equals);
    const std::string value = equals == part.npos ? part : part.substr(equals + 1);
    if (value.empty())
      throw usage(fmt::format("--disk {}: an empty {}", text, equals == part.npos ? "part" : key));
    if (key == "file") {
      if (named) throw usage(fmt::format("--disk {}: two files", text));
      named = true;
      disk.file = value;
    } else if (key == "size") {
      disk.size_mib = parse_size(text, value);
    } else if (key == "format") {
      if (std::find(formats.begin(), formats.end(), value) == formats.end())
        throw usage(fmt::format("--disk {}: unknown format \"{}\" (known: {})", text, value,
                                known_formats()));
      disk.format = value;
    } else {
      throw usage(fmt::format(
          "--disk {}: unknown key \"{}\": expected [file=]PATH[,size=N[M|G]][,format=F]", text,
          key));
    }
  }
  if (!named && disk.size_mib == 0)
    throw usage(fmt::format("--disk {}: neither a file nor a size", text));
  return disk;
}

DiskWish provide_disk(DiskWish disk, process::Runner& runner, std::stop_token stop) {
  std::error_code none;
  if (!fs::exists(fs::symlink_status(disk.file, none))) {
    if (disk.size_mib == 0)
      throw usage(fmt::format("there is no disk {}; with a size it is made: --disk {},size=1G",
                              disk.file.string(), disk.file.string()));
    if (disk.format.empty()) disk.format = "qcow2";
    make(disk, runner, std::move(stop));
  }
  const FileContent content = look_into(disk.file, "disk");
  if (disk.format.empty()) {
    disk.format = content.format;
  } else if (disk.format != "raw" && disk.format != content.format) {
    throw usage(
        fmt::format("the disk {} is {}, not {}", disk.file.string(), content.format, disk.format));
  }
  if (::access(disk.file.c_str(), W_OK) != 0)
    throw usage(
        fmt::format("cannot write the disk {}: {}", disk.file.string(), std::strerror(errno)));
  return disk;
}

void create_image(const fs::path& file, const std::string& format, std::uint64_t size_mib,
                  process::Runner& runner, std::stop_token stop) {
  run_qemu_img({"-f", format, file.string(), fmt::format("{}M", size_mib)},
               fmt::format("a disk of {} MiB", size_mib), runner, std::move(stop));
}

void create_overlay(const fs::path& file, const fs::path& base, const std::string& base_format,
                    process::Runner& runner, std::stop_token stop) {
  run_qemu_img({"-f", "qcow2", "-F", base_format, "-b", base.string(), file.string()},
               fmt::format("an overlay for {}", base.string()), runner, std::move(stop));
}

void check_all_differ(const std::vector<fs::path>& files) {
  std::vector<std::pair<dev_t, ino_t>> seen;
  for (const fs::path& file : files) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) continue;
    const std::pair identity{status.st_dev, status.st_ino};
    if (std::find(seen.begin(), seen.end(), identity) != seen.end())
      throw usage(
          fmt::format("{} is given twice: two disks of a guest cannot be one file", file.string()));
    seen.push_back(identity);
  }
}

}  // namespace rtfx::vm
