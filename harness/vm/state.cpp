// SPDX-License-Identifier: Apache-2.0
#include "harness/vm/state.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/text.hpp"
#include "fmt/format.h"
#include "harness/vm/config_iso.hpp"
#include "harness/vm/disk_format.hpp"
#include "harness/vm/network.hpp"
#include "harness/vm/random.hpp"

namespace rtfx::vm {

namespace {

/// Where qemu has its own temporary files: room for a disk.
fs::path large_temporary_directory() { return environment("TMPDIR", "/var/tmp"); }

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-'
             : std::string_view("0123456789abcdefABCDEF").find(text[i]) == text.npos)
      return false;
  }
  return true;
}

FileDescriptor take(const fs::path& directory) {
  const auto bad = [&](const std::string& why) {
    return Error(fmt::format("the state directory {}: {}", directory.string(), why),
                 ExitCode::usage);
  };
  std::error_code error;
  fs::create_directories(directory, error);
  if (!fs::is_directory(directory)) throw bad(error ? error.message() : "it is no directory");
  const fs::path file = directory / "lock";
  FileDescriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock) throw bad(std::strerror(errno));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    const std::string owner(text::trim(read_file(file)));
    throw bad(fmt::format("in use by another boot{}",
                          owner.empty() ? "" : " (process " + text::one_line(owner) + ")"));
  }
  if (::ftruncate(lock.get(), 0) != 0) throw bad(std::strerror(errno));
  write_all(lock.get(), fmt::format("{}\n", ::getpid()), file.string());
  return lock;
}

}  // namespace

State::State(const fs::path& directory) : directory_(directory) {
  if (!directory_.empty()) lock_ = take(directory_);
}

/// The content of a file of the directory; that of a new one is `first`.
std::string State::kept(const char* name, const std::string& first) const {
  if (directory_.empty()) return first;
  const fs::path file = directory_ / name;
  if (fs::exists(file)) return std::string(text::trim(read_file(file)));
  write_file_atomically(file, first);
  return first;
}

std::string State::uuid() const {
  const std::string uuid = kept("uuid", random_uuid());
  if (!is_uuid(uuid))
    throw Error(fmt::format("{}: \"{}\" is no UUID; remove the file to have a new one",
                            (directory_ / "uuid").string(), text::one_line(uuid)),
                ExitCode::usage);
  return uuid;
}

std::string State::mac() const {
  const std::string mac = kept("mac-addr", random_mac());
  check_mac(mac, (directory_ / "mac-addr").string());
  return mac;
}

fs::path State::pid_file() const {
  return directory_.empty() ? fs::path() : directory_ / "qemu.pid";
}

DiskWish State::disk(DiskWish wish, std::size_t number, process::Runner& runner,
                     std::stop_token stop) {
  if (wish.file.empty() && directory_.empty()) {
    if (wish.format.empty()) wish.format = "qcow2";
    nameless_.emplace_back(large_temporary_directory());
    wish.file = nameless_.back().path();
    create_image(wish.file, wish.format, wish.size_mib, runner, std::move(stop));
    return wish;
  }
  if (wish.file.empty())
    wish.file = directory_ / (number == 0 ? "disk.img" : fmt::format("disk{}.img", number));
  return provide_disk(std::move(wish), runner, std::move(stop));
}

fs::path State::config(std::string_view content) {
  const std::string iso = config_iso(content);
  if (directory_.empty()) {
    nameless_.push_back(NamelessFile::with(iso));
    return nameless_.back().path();
  }
  write_file_atomically(directory_ / "data.iso", iso);
  return directory_ / "data.iso";
}

Firmware State::firmware(const Arch& arch, const fs::path& own) {
  if (arch.efi.empty())
    throw Error(fmt::format("guests of {} have no UEFI", arch.name), ExitCode::usage);
  const auto found = std::find_if(
      arch.uefi_firmware.begin(), arch.uefi_firmware.end(), [&](const UefiFirmware& firmware) {
        std::error_code none;
        return own.empty() ? fs::exists(firmware.code, none) && fs::exists(firmware.variables, none)
                           : fs::equivalent(firmware.code, own, none);
      });
  if (found == arch.uefi_firmware.end()) {
    if (own.empty())
      throw Error(fmt::format("there is no UEFI firmware for {}: apt-get install {}, or give --fw",
                              arch.name, arch.uefi_package),
                  ExitCode::host);
    look_into(own, "firmware");
    return {.code = own};
  }
  Firmware firmware{.code = found->code, .variables = found->variables};
  check_readable(firmware.code, "firmware");
  check_readable(firmware.variables, "variables of the firmware");
  if (directory_.empty()) return firmware;
  const fs::path mine = directory_ / "uefi-vars.fd";
  if (!fs::exists(mine)) write_file_atomically(mine, read_file(firmware.variables));
  return {.code = firmware.code, .variables = mine, .writable = true};
}

Drive State::forgetful(Drive drive, process::Runner& runner, std::stop_token stop) {
  if (!drive.snapshot) return drive;
  nameless_.emplace_back(large_temporary_directory());
  const fs::path overlay = nameless_.back().path();
  create_overlay(overlay, fs::absolute(drive.file), drive.format, runner, std::move(stop));
  drive.file = overlay;
  drive.format = "qcow2";
  drive.snapshot = false;
  return drive;
}

Firmware State::forgetful(Firmware firmware) {
  if (firmware.writable) return firmware;
  fs::path& changed = firmware.variables.empty() ? firmware.code : firmware.variables;
  nameless_.push_back(NamelessFile::copy_of(changed));
  changed = nameless_.back().path();
  firmware.writable = true;
  return firmware;
}

}  // namespace rtfx::vm
